"""Builds a binary with a sanitizer, whatever --config the command line names."""

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_DYNAMIC_MODE = "//command_line_option:dynamic_mode"

def _sanitized(sanitizer, copts = []):
    return {
        _COPT: ["-O1", "-g1", "-fno-omit-frame-pointer", "-fsanitize=" + sanitizer] + copts,
        _LINKOPT: ["-fsanitize=" + sanitizer, "-lm"],
        _DYNAMIC_MODE: "off",
    }

def _asan_transition_impl(_settings, _attr):
    # For files that .bazelrc leaves without instrumentation (harness/execute/poison.h).
    return _sanitized("address", ["-DBREAKPROOF_HIDES_BLOCKS"])

def _tsan_transition_impl(_settings, _attr):
    return _sanitized("thread")

_asan_transition = transition(
    implementation = _asan_transition_impl,
    inputs = [],
    outputs = [_COPT, _LINKOPT, _DYNAMIC_MODE],
)

_tsan_transition = transition(
    implementation = _tsan_transition_impl,
    inputs = [],
    outputs = [_COPT, _LINKOPT, _DYNAMIC_MODE],
)

def _sanitized_binary_impl(ctx):
    source = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    output = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = output, target_file = source, is_executable = True)
    return [DefaultInfo(executable = output, files = depset([output]), runfiles = ctx.runfiles([output]))]

def _sanitized_rule(sanitizing, name):
    return rule(
        implementation = _sanitized_binary_impl,
        attrs = {
            "binary": attr.label(cfg = sanitizing, executable = True, mandatory = True),
            "_allowlist_function_transition": attr.label(
                default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            ),
        },
        executable = True,
        doc = "The same program with {}: for tests of what the sanitizer finds, or is told.".format(name),
    )

asan_binary = _sanitized_rule(_asan_transition, "AddressSanitizer")
tsan_binary = _sanitized_rule(_tsan_transition, "ThreadSanitizer")
