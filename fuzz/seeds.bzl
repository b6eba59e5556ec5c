"""Seed inputs in binary form, made from cases in text when they are needed."""

def case_seeds(name, cases, most, pieces = 1):
    """Stretches of cases as seed inputs.

    Args:
      name: a filegroup of the seeds.
      cases: files.
      most: operations in a stretch, at most.
      pieces: stretches of each case, evenly spread.
    """
    outs = []
    for case in cases:
        base = case.split("/")[-1].split(".")[0]
        pieces_of_case = ["{}/{}_{}".format(name, base, i) for i in range(pieces)]
        native.genrule(
            name = "{}_{}".format(name, base),
            # Not a tool: those are built without the language version that --cxxopt sets.
            srcs = [
                case,
                ":seeds",
            ],
            outs = pieces_of_case,
            cmd = "$(location :seeds) stretches {} $(location {}) $(OUTS)".format(most, case),
        )
        outs += pieces_of_case
    native.filegroup(
        name = name,
        srcs = outs,
    )
