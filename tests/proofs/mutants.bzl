"""Mutants of the allocator's arithmetic: wrong variants of one function each, and the theorems that refute them."""

load("@rules_cc//cc:defs.bzl", "cc_library")

# Headers that theorems are about. word.h and class_table.h are not among them: the first is what provers replace, the
# second is checked by static_assert.
_HEADERS = [
    "alignment.h",
    "checked.h",
    "growth.h",
    "mapping.h",
    "page_map_index.h",
    "size_class.h",
    "slab.h",
    "threshold.h",
]

def _mutant(name, header, original, replacement, refutes, theorems = None):
    """One mutant.

    Args:
      name: what is wrong, in words; a C++ identifier.
      header: the header of allocator/arithmetic that is changed.
      original: text that occurs once in it.
      replacement: what takes its place.
      refutes: the theorems that the mutant makes false.
      theorems: the file that states them, without `theorems_` and `.cc`, if not named like the header.
    """
    return struct(
        name = name,
        header = header + ".h",
        original = original,
        replacement = replacement,
        refutes = refutes,
        theorems = "theorems_" + (theorems or header) + ".cc",
    )

_MUTANTS = [
    # alignment.h and checked.h
    _mutant("highest_bit_has_a_floor", "alignment", "WordPolicy<Word>::HighestBit(x)", "WordPolicy<Word>::HighestBit(x | 8)", ["Z1"]),
    _mutant("zero_is_a_power_of_two", "alignment", "return x != 0 && (x", "return (x", ["Z2"]),
    _mutant("posix_alignment_of_four", "alignment", "alignment >= sizeof(void*)", "alignment >= sizeof(int)", ["Z3"]),
    _mutant("alignment_doubled", "alignment", "HighestBit<Word>(at_least - 1)", "HighestBit<Word>(at_least)", ["Z4"]),
    _mutant("align_down_clears_one_bit", "alignment", "x & ~(alignment - 1)", "x & ~(alignment >> 1)", ["Z5", "Z6", "Z9"]),
    _mutant("align_up_moves_aligned", "alignment", "x + (alignment - 1)", "x + alignment", ["Z6"]),
    _mutant("adding_zero_overflows", "checked", "sum < x", "sum <= x", ["Z7"], "alignment"),
    _mutant("product_checked_by_comparison", "checked", "product.high != 0", "product.low < x", ["Z8"], "alignment"),
    _mutant("align_up_wraps", "checked", "alignment), sum.overflow}", "alignment), Bool<Word>(false)}", ["Z9", "Z10"], "alignment"),
    _mutant("page_round_adds_a_page", "checked", "CheckedAlignUp<Word>(bytes, kPageSize)", "CheckedAlignUp<Word>(bytes + 1, kPageSize)", ["Z10"], "alignment"),

    # size_class.h
    _mutant("exact_size_gets_next_class", "size_class", "size - Select<Word>(size != 0, 1, 0)", "size", ["Z11", "Z12", "Z13", "Z16"]),
    _mutant("doubling_found_by_sum", "size_class", "(last_byte | kLinearLimit)", "(last_byte + kLinearLimit)", ["Z12", "Z13", "Z14"]),
    _mutant("class_one_step_short", "size_class", "(kClassesPerDoubling - 1)) + 1;", "(kClassesPerDoubling - 1));", ["Z11", "Z15"]),
    _mutant("linear_part_too_long", "size_class", "linear = group == 0", "linear = group <= 1", ["Z11", "Z16"]),
    _mutant("classes_of_eight_bytes", "size_class", "spacing = kMinAlignmentShift + group", "spacing = kMinAlignmentShift - 1 + group", ["Z11", "Z15"]),
    _mutant("step_rounded_up", "size_class", "step = last_byte >> spacing", "step = size >> spacing", ["Z12", "Z13", "Z16"]),
    _mutant("natural_alignment_unbounded", "size_class", "Select<Word>(lowest_bit < kPageSize, lowest_bit, kPageSize)", "lowest_bit", ["Z17"]),
    _mutant("natural_alignment_always_a_page", "size_class", "(lowest_bit < kPageSize, lowest_bit, kPageSize)", "(lowest_bit < 16, lowest_bit, kPageSize)", ["Z17"]),
    _mutant("block_misaligned_for_its_class", "size_class", "(lowest_bit < kPageSize, lowest_bit, kPageSize)", "(lowest_bit < 16, lowest_bit, kPageSize)", ["Z23"], "slab"),
    _mutant("aligned_size_is_the_maximum", "size_class", "AlignUp(at_least_one, alignment)", "Select<Word>(at_least_one < alignment, alignment, at_least_one)", ["Z18"]),
    _mutant("aligned_size_is_the_sum", "size_class", "AlignUp(at_least_one, alignment)", "at_least_one + alignment - 1", ["Z18"]),
    _mutant("classes_aligned_beyond_a_page", "size_class", "alignment <= kPageSize;", "alignment <= 2 * kPageSize;", ["Z18"]),

    # slab.h
    _mutant("tail_unchecked", "slab", "(bytes - shape.blocks * class_size) * MaxTailPart(class_size) <= bytes", "shape.blocks >= 1", ["Z19"]),
    _mutant("slab_of_few_blocks", "slab", "class_size <= 8192, 2, 1", "class_size <= 2048, 2, 1", ["Z20"]),
    _mutant("longer_tails", "slab", "(class_size <= 1024, 16, 8)", "(class_size <= 512, 16, 8)", ["Z19"]),
    _mutant("slab_longer_than_needed", "slab", "shorter = kMaxSlabPages - 1; shorter > 0", "shorter = kMaxSlabPages - 1; shorter > 1", ["Z20"]),
    _mutant("reciprocal_rounded_down", "slab", "(scale + (class_size - 1)) / class_size", "scale / class_size", ["Z21", "Z22", "Z42"]),
    _mutant("start_off_by_one", "slab", "- 1)) < reciprocal", "- 1)) <= reciprocal", ["Z42"]),
    _mutant("reciprocal_too_short", "slab", "kReciprocalShift = 32", "kReciprocalShift = 18", ["Z21", "Z22", "Z42"]),
    _mutant("blocks_start_at_the_second", "slab", "return index * class_size;", "return (index + 1) * class_size;", ["Z22", "Z23"]),

    # mapping.h
    _mutant("no_slack_for_alignment", "mapping", "alignment - kPageSize, 0", "0, 0", ["Z24", "Z25"]),
    _mutant("slack_a_page_short", "mapping", "CheckedAdd(payload.value, AlignmentSlack(alignment))", "CheckedAdd(payload.value, AlignmentSlack<Word>(alignment / 2))", ["Z24", "Z25"]),
    _mutant("mapping_beyond_ptrdiff_max", "mapping", " || length.value > kMaxRequest", "", ["Z24"]),
    _mutant("sum_of_slack_unchecked", "mapping", "length.overflow || ", "", ["Z24"]),
    _mutant("empty_mapping", "mapping", "size + Select<Word>(size == 0, 1, 0)", "size", ["Z24"]),
    _mutant("payload_before_mapping", "mapping", "AlignUp(start, alignment)", "AlignDown(start, alignment)", ["Z25"]),

    # threshold.h
    _mutant("exact_mapping_does_not_count", "threshold", "length >= threshold.mmap", "length > threshold.mmap", ["Z29"]),
    _mutant("rises_to_the_length_only", "threshold", "2 * length, kMaxAdaptedThreshold", "length, kMaxAdaptedThreshold", ["Z29", "Z31"]),
    _mutant("rises_without_bound", "threshold", "Select<Word>(length < kMaxAdaptedThreshold / 2, 2 * length, kMaxAdaptedThreshold)", "2 * length", ["Z26", "Z28"]),
    _mutant("longer_than_any_threshold_counts", "threshold", "length < kMaxAdaptedThreshold;", "length != 0;", ["Z31"]),
    _mutant("pin_ignored", "threshold", "!threshold.is_pinned && ", "", ["Z30"]),
    _mutant("short_mapping_lowers", "threshold", "length >= threshold.mmap &&", "", ["Z27", "Z31"]),
    _mutant("trim_equals_mmap", "threshold", "2 * risen", "risen", ["Z26", "Z31"]),
    _mutant("mmap_threshold_not_pinned", "threshold", "{bytes, threshold.trim, Bool<Word>(true)}", "{bytes, threshold.trim, threshold.is_pinned}", ["Z32"]),
    _mutant("trim_doubles_when_pinned", "threshold", "threshold.is_pinned || threshold.trim > kMaxAdaptedTrim, threshold.trim", "threshold.trim > kMaxAdaptedTrim, threshold.trim", ["Z43"]),
    _mutant("trim_raised_once", "threshold", "threshold.trim << regrowths", "threshold.trim << Select<Word>(regrowths == 0, 0, 1)", ["Z43"]),
    _mutant("trim_raised_without_bound", "threshold", "Select<Word>(raised < kMaxAdaptedTrim, raised, kMaxAdaptedTrim)", "raised", ["Z43"]),
    _mutant("threshold_itself_on_the_heap", "threshold", "size >= threshold.mmap", "size > threshold.mmap", ["Z32"]),

    # growth.h
    _mutant("half_the_padding", "growth", "need - top_free, top_pad)", "need - top_free, top_pad / 2)", ["Z33", "Z34"]),
    _mutant("padding_wraps", "growth", "padded.overflow || growth.overflow", "growth.overflow", ["Z33", "Z34"]),
    _mutant("negative_increment", "growth", " || growth.value > kMaxRequest", "", ["Z34"]),
    _mutant("grows_for_an_exact_fit", "growth", "need > top_free", "need >= top_free", ["Z33", "Z37"]),
    _mutant("trim_eats_padding", "growth", "AlignDown<Word>(top_free - top_pad", "AlignUp<Word>(top_free - top_pad", ["Z35"]),
    _mutant("trims_everything", "growth", "AlignDown<Word>(top_free - top_pad, kPageSize)", "AlignDown<Word>(top_free, kPageSize)", ["Z35", "Z37"]),
    _mutant("trims_below_threshold", "growth", "top_free >= trim_threshold && ", "top_free >= trim_threshold || ", ["Z36"]),

    # page_map_index.h
    _mutant("root_of_half_gibibytes", "page_map_index", "address >> (kPageShift + kLeafBits)", "address >> (kPageShift + kLeafBits - 1)", ["Z38", "Z39", "Z41"]),
    _mutant("neighbours_share_a_slot", "page_map_index", "(kLeafSlots - 1)", "(kLeafSlots - 2)", ["Z39", "Z40", "Z41"]),
    _mutant("leaf_index_not_masked", "page_map_index", "(address >> kPageShift) & (kLeafSlots - 1)", "address >> kPageShift", ["Z38", "Z39", "Z41"]),
    _mutant("root_overrun", "page_map_index", "(address >> kAddressBits) == 0", "(address >> kAddressBits) <= 1", ["Z38"]),
    _mutant("root_loses_its_top_bit", "page_map_index", "address >> (kPageShift + kLeafBits)", "(address >> (kPageShift + kLeafBits)) & (kRootSlots / 2 - 1)", ["Z39", "Z40"]),
]

def _quote(text):
    return "'" + text + "'"  # no mutant contains a single quote

def mutants(name):
    """A library of all mutants: for each, patched headers, and the theorems about them, in a namespace of its own."""
    srcs = []
    for mutant in _MUTANTS:
        folder = "mutants/" + mutant.name
        outs = [folder + "/" + file for file in _HEADERS + ["theorems.cc"]]
        native.genrule(
            name = "mutant_" + mutant.name,
            srcs = ["//allocator/arithmetic:" + header for header in _HEADERS] + [mutant.theorems],
            outs = outs,
            cmd = " ".join(["$(location patch_mutant.sh)"] + [_quote(argument) for argument in [
                mutant.name,
                mutant.header,
                mutant.original,
                mutant.replacement,
                " ".join(mutant.refutes),
                "$(RULEDIR)/" + folder,
            ]] + ["$(SRCS)"]),
            tools = ["patch_mutant.sh"],
        )
        srcs.extend(outs)
    cc_library(
        name = name,
        srcs = srcs,
        copts = ["-w"],  # a slip may leave names unused
        deps = [
            ":theorem",
            "//allocator/arithmetic",
        ],
        alwayslink = True,
    )
