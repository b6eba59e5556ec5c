"""allocator_check_test: `breakproof check` on a shared library, as a test."""

def allocator_check_test(
        name,
        library = None,
        system_library = None,
        operations = 100000,
        seed = 1,
        breaks = [],
        first = None,
        most_operations_a_case = None,
        size = "small",
        **kwargs):
    """Checks that an allocator holds every rule, or breaks those named.

    Args:
      name: of the test.
      library: label of a shared library; or
      system_library: absolute path of an installed one; with neither, the system's malloc is checked.
      operations: performed.
      seed: of the generated cases.
      breaks: rules that must be reported as violated; none: every rule must be exercised and hold.
      first: the rule of the earliest violation; its minimal cases must replay.
      most_operations_a_case: longest minimal case of that rule allowed.
      size: of the test.
      **kwargs: passed on to the test.
    """
    args = [
        "--breakproof=$(rootpath //tools:breakproof)",
        "--operations={}".format(operations),
        "--seed={}".format(seed),
    ] + ["--breaks=" + rule for rule in breaks]
    data = ["//tools:breakproof"]
    if library:
        args.append("--library=$(rootpath {})".format(library))
        data.append(library)
    if system_library:
        args.append("--library=" + system_library)
    if first:
        args.append("--first=" + first)
    if most_operations_a_case:
        args.append("--most-operations-a-case={}".format(most_operations_a_case))
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests/support:check_driver"],
        args = args,
        data = data,
        **kwargs
    )
