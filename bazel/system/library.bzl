"""A C++ library that a Debian package installed, as a repository with one cc_library."""

_INCLUDE = "/usr/include"
_LIB = "/usr/lib/x86_64-linux-gnu"

def _need(ctx, path):
    if not ctx.path(path).exists:
        fail("{} is missing (Debian's package {}): run ./setup.sh".format(path, ctx.attr.package))
    return path

def _system_library_impl(ctx):
    for name in ctx.attr.header_dirs + ctx.attr.headers:
        ctx.symlink(_need(ctx, _INCLUDE + "/" + name), "include/" + name)
    for pattern in ctx.attr.header_globs:
        prefix, suffix = pattern.split("*")
        for file in ctx.path(_INCLUDE).readdir():
            if file.basename.startswith(prefix) and file.basename.endswith(suffix):
                ctx.symlink(file, "include/" + file.basename)
    for name in ctx.attr.libs:
        ctx.symlink(_need(ctx, _LIB + "/" + name), "lib/" + name)
    ctx.file("BUILD", """
load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "{name}",
    srcs = {libs},
    hdrs = glob(["include/**"]),
    includes = ["include"],
    linkopts = {linkopts},
    linkstatic = True,
    visibility = ["//visibility:public"],
)
""".format(
        name = ctx.name,
        libs = ["lib/" + name for name in ctx.attr.libs],
        linkopts = ctx.attr.linkopts,
    ), executable = False)

system_library = repository_rule(
    implementation = _system_library_impl,
    local = True,
    attrs = {
        "package": attr.string(mandatory = True, doc = "Debian's name, for the message when it is missing."),
        "header_dirs": attr.string_list(doc = "Folders under /usr/include."),
        "headers": attr.string_list(doc = "Single files under /usr/include."),
        "header_globs": attr.string_list(doc = "Files under /usr/include, one `*` each."),
        "libs": attr.string_list(doc = "Static archives."),
        "linkopts": attr.string_list(doc = "For libraries that are linked dynamically."),
    },
    doc = "Declares @NAME//:NAME.",
)
