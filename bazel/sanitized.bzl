"""Builds a binary with AddressSanitizer, whatever --config the command line names."""

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_DYNAMIC_MODE = "//command_line_option:dynamic_mode"

def _asan_transition_impl(_settings, _attr):
    return {
        _COPT: ["-O1", "-g1", "-fno-omit-frame-pointer", "-fsanitize=address"],
        _LINKOPT: ["-fsanitize=address", "-lm"],
        _DYNAMIC_MODE: "off",
    }

_asan_transition = transition(
    implementation = _asan_transition_impl,
    inputs = [],
    outputs = [_COPT, _LINKOPT, _DYNAMIC_MODE],
)

def _asan_binary_impl(ctx):
    source = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = output, target_file = source, is_executable = True)
    return [DefaultInfo(executable = output, files = depset([output]), runfiles = ctx.runfiles([output]))]

asan_binary = rule(
    implementation = _asan_binary_impl,
    attrs = {
        "binary": attr.label(cfg = _asan_transition, executable = True, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
    doc = "The same program with AddressSanitizer: for tests of what the sanitizer is told.",
)
