"""Mutants of the production allocator: patches of its sources, each built into the ordinary programs."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//allocator:copts.bzl", "ALLOCATOR_COPTS")
load("//bazel:unsanitized.bzl", "unsanitized_binary")

_ALLOCATOR = [
    "//allocator:entry_points_sources",
    "//allocator/arithmetic:sources",
    "//allocator/base:sources",
    "//allocator/heap:sources",
    "//allocator/kernel:sources",
    "//allocator/pages:sources",
]

_LIBRARY = _ALLOCATOR + ["//allocator:interface_sources"]

# Compiled one by one in a library, as they are in the real one: they have private functions of the same names.
_INTERFACE = [
    "cxx_runtime",
    "environment",
    "forks",
    "malloc_interface",
    "operators",
    "perturb",
    "process",
    "statistics_interface",
]

def _patched_source(name, patch, sources, arguments = ""):
    """One source file NAME.cc of the patched allocator; the build fails if the patch no longer applies.

    Args:
      name: of the file, without ".cc".
      patch: as for production_mutant.
      sources: filegroups of all that may be patched or included.
      arguments: of make_subject.sh: which of them the file holds.
    """
    native.genrule(
        name = name,
        testonly = True,
        srcs = [patch] + sources,
        outs = [name + ".cc"],
        cmd = "$(location //tests/production/mutants:make_subject.sh) {} $@ $(location {}) {}".format(
            arguments,
            patch,
            " ".join(["$(locations {})".format(source) for source in sources]),
        ),
        tools = ["//tests/production/mutants:make_subject.sh"],
    )

def production_mutant(
        name,
        patch,
        program = "//tests/production:simulated_main",
        sources = "//harness/subject/production:production_heap_sources",
        views = [],
        **kwargs):
    """A program over a patched allocator.

    Args:
      name: of the program.
      patch: file in unified format, paths from the root of the workspace; unpatched.patch stands for none.
      program: library with its main function, //tests/production:simulated unless told otherwise; None if that is among
        the sources.
      sources: what the program calls the allocator by, compiled with it.
      views: filegroups of what else in the program looks into the allocator.
      **kwargs: passed on to the program.
    """
    _patched_source(name + "_subject", patch, _ALLOCATOR + [sources] + views)
    cc_binary(
        name = name,
        testonly = True,
        srcs = [name + "_subject.cc"],
        # Some hundred thousand operations are enough, so compiling counts for more than running.
        copts = [
            "-O1",
            "-g0",
            "-w",  # a slip may leave names unused
        ],
        deps = [program] if program else [],
        **kwargs
    )

def production_mutant_library(name, patch):
    """A patched allocator as it ships: the shared library libNAME.so.

    Args:
      name: of the library.
      patch: as above.
    """
    _patched_source(name + "_heap", patch, _LIBRARY, "--except=allocator/interface/ --and=allocator/interface/parameters.cc")
    for part in _INTERFACE:
        _patched_source(name + "_" + part, patch, _LIBRARY, "--only=allocator/interface/{}.cc".format(part))
    cc_binary(
        name = name + "_library",
        testonly = True,
        srcs = ["{}_{}.cc".format(name, part) for part in ["heap"] + _INTERFACE],
        copts = ALLOCATOR_COPTS + [
            "-fasynchronous-unwind-tables",
            "-w",  # a slip may leave names unused
        ],
        linkopts = [
            "-Wl,--as-needed",
            "-Wl,--version-script=$(location //allocator:interface/exports.lds)",
            "-Wl,-z,nodelete",
        ],
        linkshared = True,
        local_defines = ["BREAKPROOF_SHARED"],
        deps = ["//allocator:interface/exports.lds"],
    )
    unsanitized_binary(
        name = "lib" + name + ".so",
        testonly = True,
        binary = ":" + name + "_library",
    )
