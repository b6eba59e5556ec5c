"""Builds a binary as it ships, whatever --config the command line names."""

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_ENGINE = "//bazel/fuzzing:engine"
_COVERAGE = "//command_line_option:collect_code_coverage"

def _unsanitized_transition_impl(_settings, attr):
    return {
        # DWARF 4: Debian 12's valgrind gives up on clang's DWARF 5.
        _COPT: ["-O2", "-g1", "-gdwarf-4"] + ["-D" + definition for definition in attr.definitions],
        _LINKOPT: [],
        _ENGINE: "replay",
        _COVERAGE: False,
    }

_unsanitized_transition = transition(
    implementation = _unsanitized_transition_impl,
    inputs = [],
    outputs = [_COPT, _LINKOPT, _ENGINE, _COVERAGE],
)

def _unsanitized_binary_impl(ctx):
    source = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = output, target_file = source, is_executable = True)
    return [DefaultInfo(executable = output, files = depset([output]), runfiles = ctx.runfiles([output]))]

unsanitized_binary = rule(
    implementation = _unsanitized_binary_impl,
    attrs = {
        "binary": attr.label(cfg = _unsanitized_transition, executable = True, mandatory = True),
        "definitions": attr.string_list(doc = "NAME=VALUE for the preprocessor, in all that the program is made of."),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
    doc = """The same program without sanitizers, coverage or a fuzzing engine.

A subject runs in such a process: a sanitizer's runtime would replace the malloc under test.""",
)
