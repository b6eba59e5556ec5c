"""Mutants of the production allocator: patches of its sources, each built into the ordinary simulated run."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

_MAKE_SUBJECT = "//tests/production/mutants:make_subject.sh"

_ALLOCATOR = [
    "//allocator:entry_points_sources",
    "//allocator/arithmetic:sources",
    "//allocator/base:sources",
    "//allocator/heap:sources",
    "//allocator/kernel:sources",
    "//allocator/pages:sources",
]

def production_mutant(
        name,
        patch,
        program = "//tests/production:simulated_main",
        sources = "//harness/production:production_heap_sources",
        **kwargs):
    """A program over a patched allocator.

    The build fails if the patch no longer applies.

    Args:
      name: of the program.
      patch: file in unified format, paths from the root of the workspace; unpatched.patch stands for none.
      program: library with its main function, //tests/production:simulated unless told otherwise.
      sources: what the program calls the allocator by, compiled with it.
      **kwargs: passed on to the program.
    """
    native.genrule(
        name = name + "_subject",
        testonly = True,
        srcs = [patch, sources] + _ALLOCATOR,
        outs = [name + "_subject.cc"],
        cmd = "$(location {}) $@ $(location {}) {}".format(
            _MAKE_SUBJECT,
            patch,
            " ".join(["$(locations {})".format(source) for source in _ALLOCATOR + [sources]]),
        ),
        tools = [_MAKE_SUBJECT],
    )
    cc_binary(
        name = name,
        testonly = True,
        srcs = [name + "_subject.cc"],
        # Some hundred thousand operations are enough, so compiling counts for more than running.
        copts = [
            "-O1",
            "-g0",
            "-Wno-unused-function",
        ],
        deps = [program],
        **kwargs
    )
