"""The broken allocators of the zoo: what is wrong with each, and the rule that it must be reported for first."""

def _mutant(name, heap, rule, bug_class, wrong, defect = None, defines = [], seen_in = "", flags = []):
    """One broken allocator.

    Args:
      name: what is wrong, in words; its enumerator in heaps/defect.h is spelt likewise unless `defect` is given.
      heap: "slab" or "tagged": the heap that has the defect, or that the entry points stand on.
      rule: reported first.
      bug_class: the class of defects in practice.
      wrong: what is wrong, a phrase.
      defect: the enumerator.
      defines: instead of an enumerator.
      seen_in: an allocator that had such a defect.
      flags: of `breakproof check`, beside those that all get.
    """
    words = [word[0].upper() + word[1:] for word in name.split("_")]
    return struct(
        name = name,
        heap = heap,
        rule = rule,
        bug_class = bug_class,
        wrong = wrong,
        defines = defines or ["BREAKPROOF_DEFECT=" + (defect or "k" + "".join(words))],
        seen_in = seen_in,
        flags = flags,
    )

# An operation that hangs is waited for; these need no patience.
_HANGS = ["--hang-seconds=0.5"]

_REFUSED = "refused kernel call"
_FIRST_CALL = "first call"
_REALLOC = "realloc"
_ALIGNMENT = "alignment"
_ARITHMETIC = "size arithmetic"
_CALLOC = "calloc on recycled memory"
_REMOTE = "cross-thread free"
_ERRNO = "errno"
_USABLE = "usable size"
_FORK = "fork and threads"
_GROWTH = "growth"
_INTERPOSITION = "interposition"
_BOOKS = "heap bookkeeping"
_BREAK = "foreign break move"
_CONTENTS = "contents"
_SURROUNDINGS = "surroundings of a call"

MUTANTS = [
    # H0: every legal call returns.
    _mutant("failed_move_unchecked", "tagged", "H0", _REFUSED, "a refused mremap is taken for an address"),
    _mutant("free_before_set_up", "slab", "H0", _FIRST_CALL, "free crashes in a thread that never allocated"),
    _mutant("lock_kept_on_failure", "slab", "H0", _REFUSED, "the lock is kept when memory is short", flags = _HANGS),
    _mutant("map_failure_unchecked", "slab", "H0", _REFUSED, "a refused mmap is taken for an address"),
    _mutant("product_checked_by_division", "slab", "H0", _ARITHMETIC, "calloc divides by its count, which may be zero"),
    _mutant("realloc_of_null_crashes", "tagged", "H0", _REALLOC, "realloc looks at the size of NULL"),
    _mutant("realloc_reads_too_much", "tagged", "H0", _REALLOC, "realloc copies the new size from the old block"),
    _mutant("set_up_by_malloc_only", "slab", "H0", _FIRST_CALL, "valloc crashes when it is the first call of the process"),
    _mutant("slab_failure_unchecked", "slab", "H0", _REFUSED, "a slab that the kernel refused is written to"),

    _mutant("mark_of_untouched_believed", "slab", "H0", _CONTENTS, "a block that its program never wrote to still has its mark, and is taken for a free one", seen_in = "an earlier breakproof: a copy of a mark that came home"),
    _mutant("large_frame", "slab", "H0", _SURROUNDINGS, "a large block needs 64 KiB of stack"),

    _mutant("sized_delete_forgets_alignment", "slab", "H0", _ALIGNMENT, "the sized operator delete takes a mapping, made for its alignment, for a block of a slab"),

    # H1: live payloads are disjoint and accessible.
    _mutant("adopted_slab_thought_empty", "slab", "H1", _REMOTE, "the slab of a thread that ended is handed out again, live blocks and all"),
    _mutant("blocks_too_close", "slab", "H1", _BOOKS, "blocks of one class are 256 bytes apart and 320 long"),
    _mutant("grows_into_used_neighbour", "tagged", "H1", _REALLOC, "realloc grows in place over the block behind"),
    _mutant("large_rounded_to_nearest", "slab", "H3", _ARITHMETIC, "large sizes are rounded to the nearest page"),
    _mutant("remote_block_doubled", "slab", "H1", _REMOTE, "a block freed by another thread is handed out twice"),
    _mutant("tail_unmapped", "slab", "H1", _ALIGNMENT, "an alignment of 4 MiB loses the last page of the block"),
    _mutant("thread_exit_unmaps_slabs", "slab", "H1", _REMOTE, "live blocks end with the thread that made them"),

    _mutant("break_failure_unchecked", "tagged", "H0", _REFUSED, "the top grows though the break was refused"),
    _mutant("trims_into_live_blocks", "tagged", "H1", _BOOKS, "trimming lowers the break below the top"),
    _mutant("foreign_break_move_unnoticed", "tagged", "H1", _BREAK, "what the program took by sbrk is handed out"),

    # H2: alignment.
    _mutant("alignment_above_page", "slab", "H2", _ALIGNMENT, "alignments above a page are ignored"),
    _mutant("empty_block_misaligned", "slab", "H2", _ALIGNMENT, "memalign(n, 0) is aligned to 16", seen_in = "jemalloc 5.3.0: memalign(16, 0) aligned to 8"),
    _mutant("size_equal_to_alignment", "slab", "H2", _ALIGNMENT, "a size equal to its alignment, from 256 on, gets the wrong class", seen_in = "mimalloc 2.0.9: memalign(256, 256) aligned to 128"),
    _mutant("valloc_unaligned", "slab", "H2", _ALIGNMENT, "valloc of less than a page is not aligned to one"),

    _mutant("aligned_new_unaligned", "tagged", "H2", _ALIGNMENT, "operator new ignores its alignment"),

    # H3: usable size.
    _mutant("class_off_by_one", "slab", "H3", _ARITHMETIC, "sizes one above a class get that class"),
    _mutant("fit_one_granule_short", "tagged", "H3", _BOOKS, "a free chunk 16 bytes too short fits"),
    _mutant("pvalloc_not_rounded", "tagged", "H3", _ARITHMETIC, "pvalloc does not round to pages"),
    _mutant("resize_keeps_old_length", "slab", "H3", _REALLOC, "a grown mapping keeps its old length in the books"),
    _mutant("rest_too_small_for_a_chunk", "tagged", "H3", _BOOKS, "the links of a rest of 16 bytes overwrite the next tag"),
    _mutant("shrink_cuts_tag", "tagged", "H3", _REALLOC, "shrinking in place cuts off 16 bytes too many"),
    _mutant("usable_short", "slab", "H3", _USABLE, "malloc_usable_size is 8 less than it is"),
    _mutant("usable_with_flags", "tagged", "H3", _USABLE, "malloc_usable_size includes the flags of the length"),

    # H4: payload bytes.
    _mutant("moves_down_backwards", "tagged", "H4", _REALLOC, "realloc into the chunk below copies overlapping bytes in the wrong order"),
    _mutant("realloc_loses_tail", "slab", "H4", _REALLOC, "growing loses the last 8 bytes"),
    _mutant("retired_with_one_left", "slab", "H4", _BOOKS, "a slab is purged with one block live"),
    _mutant("shrink_discards_too_much", "slab", "H4", _REALLOC, "a shrunk mapping has its last live page marked as free to discard"),
    _mutant("length_known_when_asked", "slab", "H4", _SURROUNDINGS, "the length of a mapping is known once malloc_usable_size was asked: until then a page is given back"),
    _mutant("link_cleared_late", "slab", "H4", _CONTENTS, "the link in a block's first word is cleared when the next block is handed out, if it is still there"),
    _mutant("tag_behind_block", "slab", "H4", _BOOKS, "free writes a tag behind the block"),

    # H5: calloc.
    _mutant("calloc_keeps_dirt", "slab", "H5", _CALLOC, "calloc does not clear"),
    _mutant("calloc_zeroes_one_element", "slab", "H5", _CALLOC, "calloc clears its first element only"),
    _mutant("calloc_zeroes_whole_words", "tagged", "H5", _CALLOC, "calloc leaves the last bytes of an odd size"),
    _mutant("growth_into_top_forgotten", "tagged", "H5", _CALLOC, "what realloc took from the top is later thought never used"),
    _mutant("purge_spares_first_page", "slab", "H5", _CALLOC, "a purged slab keeps its first page, but is thought zero"),
    _mutant("refused_purge_thought_zero", "slab", "H5", _REFUSED, "a slab whose purge was refused is thought zero"),
    _mutant("recycled_thought_zero", "slab", "H5", _CALLOC, "blocks from the free list are thought zero"),
    _mutant("trimmed_top_thought_zero", "tagged", "H5", _CALLOC, "after a trim the whole top is thought zero"),

    # H6: errors.
    _mutant("failure_keeps_errno", "slab", "H6", _ERRNO, "failing leaves errno as the kernel, or nobody, set it", seen_in = "jemalloc 5.3.0: realloc, valloc, memalign"),
    _mutant("failure_sets_eagain", "tagged", "H6", _ERRNO, "failing sets EAGAIN", seen_in = "mimalloc 2.0.9"),
    _mutant("free_lets_errno_through", "slab", "H6", _REFUSED, "free leaves the errno of a refused munmap or madvise"),
    _mutant("free_clears_errno", "slab", "H6", _ERRNO, "free sets errno to 0"),
    _mutant("overflow_keeps_errno", "slab", "H6", _ERRNO, "calloc of an overflowing product leaves errno alone", seen_in = "gperftools 2.10"),
    _mutant("posix_memalign_fails_with_minus_one", "slab", "H6", _ERRNO, "posix_memalign returns -1", defect = "kPosixFailsWithMinusOne"),

    # H7: a failed operation changes nothing.
    _mutant("failed_move_unmaps", "slab", "H7", _REFUSED, "realloc unmaps the block's last page when mremap is refused"),
    _mutant("failed_realloc_frees", "slab", "H7", _REALLOC, "a failing realloc frees the block"),
    _mutant("failed_realloc_tags_block", "tagged", "H7", _REALLOC, "a failing realloc writes the size into the block"),

    # H8: absurd requests.
    _mutant("aligned_new_wraps", "slab", "H8", _ARITHMETIC, "operator new rounds the size up to the alignment, and the sum wraps to something small", seen_in = "libstdc++ 12"),
    _mutant("posix_memalign_takes_any_power_of_two", "slab", "H8", _ALIGNMENT, "posix_memalign accepts an alignment of 4", defect = "kPosixTakesAnyPowerOfTwo"),
    _mutant("product_wraps", "slab", "H8", _ARITHMETIC, "calloc's product wraps to something small"),
    _mutant("pvalloc_wraps", "slab", "H8", _ARITHMETIC, "pvalloc's rounding wraps to something small", seen_in = "gperftools 2.10: pvalloc(SIZE_MAX - 1707)"),
    _mutant("rounds_zero_for_ever", "slab", "H8", _ALIGNMENT, "an alignment of zero is rounded to a power of two in an endless loop", flags = _HANGS),
    _mutant("size_wraps", "tagged", "H8", _ARITHMETIC, "adding the tag wraps to something small", seen_in = "TBB 2021.8: realloc near SIZE_MAX"),

    # H9: usable bytes.
    _mutant("late_canary", "slab", "H9", _USABLE, "a canary is written behind the payload one call late"),

    # H12: the footprint falls.
    _mutant("large_never_unmapped", "slab", "H12", _GROWTH, "mappings are never given back"),
    _mutant("remote_free_lost", "slab", "H12", _REMOTE, "a block freed by another thread is lost"),

    _mutant("array_delete_with_size_lost", "slab", "H12", _INTERPOSITION, "the sized operator delete[] does nothing"),

    # H14: no spurious failure.
    _mutant("alignment_limited", "slab", "H14", _ALIGNMENT, "alignments above a page are refused"),
    _mutant("empty_nothrow_new_refused", "tagged", "H14", _ARITHMETIC, "the nothrow operator new of no bytes returns NULL"),
    _mutant("errno_taken_for_failure", "slab", "H14", _SURROUNDINGS, "errno says whether mmap failed, also what the program left in it"),
    _mutant("gives_up_on_full_adoption", "slab", "H14", _REMOTE, "NULL when a slab that was adopted has no room"),
    _mutant("large_table_too_small", "slab", "H14", _BOOKS, "the seventeenth large block is refused"),

    # K9: kernel calls concern the allocator's memory.
    _mutant("large_unmapped_twice", "slab", "K9", _BOOKS, "a mapping is unmapped twice: the second time it may be another's"),
    _mutant("trims_foreign_memory", "tagged", "K9", _BREAK, "trimming lowers the break over what the program took by sbrk"),

    # T1: fork.
    _mutant("fork_keeps_lock", "slab", "T1", _FORK, "the child of a fork inherits a lock that nobody opens", flags = _HANGS),
    _mutant("slabs_not_forked", "slab", "T1", _FORK, "the child of a fork has no slabs"),

    # I1: interposition.
    _mutant("pvalloc_missing", "slab", "I1", _INTERPOSITION, "pvalloc is left to libc", defines = ["BREAKPROOF_NO_PVALLOC"], seen_in = "jemalloc 5.3.0"),
    _mutant("usable_size_missing", "slab", "I1", _INTERPOSITION, "malloc_usable_size is left to libc", defines = ["BREAKPROOF_NO_USABLE_SIZE"]),
]

# The heaps, each checked as its own twin: with nothing wrong.
HEAPS = [
    "slab",
    "tagged",
]
