"""How a file is compiled for a fuzzing engine (--config=asan-libfuzzer). Elsewhere these lists are empty.

Comparisons tell the engine next to nothing (trace-cmp is off): the mutator knows cases, and the bytes of an input hardly
ever hold a number as the allocator compares it (harness/case/binary_numbers.h).
"""

_ENGINE = "//bazel/fuzzing:libfuzzer"

# What is fuzzed: instrumented, and as optimised as what ships.
FUZZED_COPTS = select({
    _ENGINE: [
        "-O2",
        "-fno-sanitize-coverage=trace-cmp",
    ],
    "//conditions:default": [],
})

# What performs and judges a case: compiled as without sanitizers. This code is most of the cost of an input, and its edges
# tell the engine less than fuzz/guidance does. --config=asan instruments the same code. A file of this kind must emit no
# inline function of the allocator: the linker keeps one of two copies, which could be the copy without instrumentation.
JUDGE_COPTS = select({
    _ENGINE: [
        "-O2",
        "-fno-sanitize=address",
        "-fno-sanitize=fuzzer-no-link",
    ],
    "//conditions:default": [],
})
