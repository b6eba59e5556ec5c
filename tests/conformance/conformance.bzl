"""conformance_test: a small program that checks the allocator from inside, on the library as it ships."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//bazel:unsanitized.bzl", "unsanitized_binary")

def conformance_program(name, srcs, **binary):
    """A program as it is compiled everywhere, and NAME_plain: the same without sanitizers."""
    cc_binary(
        name = name,
        testonly = True,
        srcs = srcs + ["check.h"],
        linkopts = binary.pop("linkopts", []) + ["-ldl"],
        **binary
    )
    unsanitized_binary(
        name = name + "_plain",
        testonly = True,
        binary = name,
    )

def conformance_test(name, srcs, on_glibc = False, environment = [], arguments = [], data = [], size = "small", **binary):
    """Runs the program with libbreakproof.so preloaded; it passes if it ends with 0.

    Args:
      name: of the test.
      srcs: of the program.
      on_glibc: run it with the system's malloc first, for which it must hold as well: a check that glibc fails is
        more likely wrong than glibc.
      environment: NAME=VALUE for the program.
      arguments: of the program.
      data: files that the arguments name.
      size: of the test.
      **binary: passed on to the program.
    """
    conformance_program(name + "_program", srcs, **binary)
    native.sh_test(
        name = name,
        size = size,
        srcs = ["run_preloaded.sh"],
        args = [
            "$(rootpath //allocator:libbreakproof.so)",
            "both" if on_glibc else "ours",
            "$(rootpath {}_program_plain)".format(name),
        ] + environment + ["--"] + arguments,
        data = [
            "//allocator:libbreakproof.so",
            name + "_program_plain",
        ] + data,
    )
