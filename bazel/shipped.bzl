"""Builds a binary optimised and unsanitized, whatever the command line says: for measurements of what ships."""

_MODE = "//command_line_option:compilation_mode"
_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_ENGINE = "//bazel/fuzzing:engine"
_COVERAGE = "//command_line_option:collect_code_coverage"

def _shipped_transition_impl(_settings, _attr):
    return {
        _MODE: "opt",
        # DWARF 4: Debian 12's valgrind gives up on clang's DWARF 5.
        _COPT: ["-O2", "-g1", "-gdwarf-4"],
        _LINKOPT: [],
        _ENGINE: "replay",
        _COVERAGE: False,
    }

_shipped_transition = transition(
    implementation = _shipped_transition_impl,
    inputs = [],
    outputs = [_MODE, _COPT, _LINKOPT, _ENGINE, _COVERAGE],
)

def _shipped_binary_impl(ctx):
    source = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = output, target_file = source, is_executable = True)
    return [DefaultInfo(executable = output, files = depset([output]), runfiles = ctx.runfiles([output]))]

shipped_binary = rule(
    implementation = _shipped_binary_impl,
    attrs = {
        "binary": attr.label(cfg = _shipped_transition, executable = True, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
    doc = """The same program as `bazel build -c opt` makes it, without sanitizers, coverage or a fuzzing engine.""",
)
