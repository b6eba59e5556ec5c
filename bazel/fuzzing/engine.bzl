"""The build setting that selects a fuzzing engine."""

_ENGINES = ["replay", "libfuzzer"]

def _engine_flag_impl(ctx):
    if ctx.build_setting_value not in _ENGINES:
        fail("--//bazel/fuzzing:engine is {}, but must be one of {}".format(ctx.build_setting_value, _ENGINES))
    return []

engine_flag = rule(
    implementation = _engine_flag_impl,
    build_setting = config.string(flag = True),
)
