"""Builds the zoo: one shared library for each mutant, and one twin for each heap."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//bazel:unsanitized.bzl", "unsanitized_binary")
load(":mutants.bzl", "HEAPS", "MUTANTS")

def _library(name, heap, defines):
    cc_binary(
        name = name + "_library",
        srcs = [
            "heaps/defect.h",
            "heaps/family.cc",
            "heaps/family.h",
            "heaps/{}_heap.cc".format(heap),
        ],
        copts = [
            "-fno-builtin",  # a malloc followed by memset must not become calloc, which would call itself
            "-fvisibility=hidden",
            "-fno-exceptions",
            "-fno-rtti",
        ],
        linkopts = ["-Wl,--as-needed"],
        linkshared = True,
        local_defines = defines,
    )
    unsanitized_binary(
        name = "lib" + name + ".so",
        binary = ":" + name + "_library",
    )

def _list_impl(ctx):
    ctx.actions.write(ctx.outputs.out, ctx.attr.content)

_list = rule(
    implementation = _list_impl,
    attrs = {"content": attr.string(), "out": attr.output()},
)

def zoo(name):
    """Declares all libraries, `NAME_libraries` of them and `NAME.tsv`, the list of mutants for programs.

    Args:
      name: of the list.
    """
    for heap in HEAPS:
        _library(heap + "_twin", heap, [])
    for mutant in MUTANTS:
        _library(mutant.name, mutant.heap, mutant.defines)
    native.filegroup(
        name = name + "_libraries",
        srcs = [":lib{}_twin.so".format(heap) for heap in HEAPS] + [":lib{}.so".format(mutant.name) for mutant in MUTANTS],
    )
    _list(
        name = name + "_list",
        content = "".join([
            "\t".join([m.name, m.heap, m.rule, m.bug_class, m.wrong, m.seen_in, " ".join(m.flags)]) + "\n"
            for m in MUTANTS
        ]),
        out = name + ".tsv",
    )
