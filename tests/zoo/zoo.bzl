"""The zoo: small broken allocators, each reported for the rule it breaks, and the unbroken twin."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//bazel:allocator_check_test.bzl", "allocator_check_test")
load("//bazel:unsanitized.bzl", "unsanitized_binary")

def _library(name, defines):
    cc_binary(
        name = name + "_library",
        srcs = ["simple_malloc.cc"],
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

def zoo(mutants, seeds, operations):
    """Builds the twin and one library for each mutant, and checks them with the same seeds.

    Args:
      mutants: name of the mutant -> (its enumerator, the rule it breaks, the most operations its case may have).
      seeds: every one is run.
      operations: performed a seed, at most.
    """
    _library("twin", [])
    for name, (enumerator, _, _) in mutants.items():
        _library(name, ["BREAKPROOF_MUTANT=" + enumerator])
    for seed in seeds:
        allocator_check_test(
            name = "twin_seed{}_test".format(seed),
            library = ":libtwin.so",
            operations = operations,
            seed = seed,
        )
        for name, (_, rule, most) in mutants.items():
            allocator_check_test(
                name = "{}_seed{}_test".format(name, seed),
                breaks = [rule],
                first = rule,
                library = ":lib{}.so".format(name),
                most_operations_a_case = most,
                operations = operations,
                seed = seed,
            )
