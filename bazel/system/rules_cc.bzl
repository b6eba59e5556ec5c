"""rules_cc as Debian packages it, made loadable by Debian's Bazel."""

_PACKAGE = "/usr/share/bazel/rules/cc"
_ADAPTED = [
    "cc/private/rules_impl/cc_flags_supplier.bzl",
    "cc/private/rules_impl/compiler_flag.bzl",
]

def _mirror(ctx, folder):
    """Links every file below `folder` of the package, so that single files can be replaced."""
    for entry in ctx.path(_PACKAGE + "/" + folder).readdir():
        relative = (folder + "/" if folder else "") + entry.basename
        if relative in _ADAPTED or relative == "WORKSPACE":
            continue
        if any([adapted.startswith(relative + "/") for adapted in _ADAPTED]):
            continue  # holds an adapted file: mirrored by a call of its own
        ctx.symlink(entry, relative)

def _rules_cc_impl(ctx):
    if not ctx.path(_PACKAGE).exists:
        fail("Debian's package bazel-rules-cc is not installed: run ./setup.sh")
    for folder in ["", "cc", "cc/private", "cc/private/rules_impl"]:
        _mirror(ctx, folder)

    # rules_cc 0.0.4 loads use_cpp_toolchain from Bazel's own tools, which 4.2.3 does not have yet.
    # With platforms off, as here, a rule finds its toolchain through the _cc_toolchain attribute,
    # so an empty list of toolchain types is right.
    for file in _ADAPTED:
        text = ctx.read(_PACKAGE + "/" + file)
        text = text.replace("\"find_cpp_toolchain\", \"use_cpp_toolchain\")", "\"find_cpp_toolchain\")")
        text = text.replace("use_cpp_toolchain()", "[]")
        ctx.file(file, text, executable = False)

rules_cc_from_package = repository_rule(
    implementation = _rules_cc_impl,
    local = True,
    doc = "Mirrors Debian's bazel-rules-cc and adapts the two files that its Bazel cannot load.",
)
