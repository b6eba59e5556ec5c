"""@remote_coverage_tools without a download: LLVM's own lcov output needs concatenation only."""

def _coverage_tools_impl(ctx):
    ctx.symlink(Label("//bazel/system:merge_lcov.sh"), "merge_lcov.sh")
    ctx.file("BUILD", """
[sh_binary(
    name = tool,
    srcs = ["merge_lcov.sh"],
    visibility = ["//visibility:public"],
) for tool in ["lcov_merger", "coverage_report_generator"]]
""", executable = False)

coverage_tools = repository_rule(
    implementation = _coverage_tools_impl,
    local = True,
    doc = "Stands for the archive that `bazel coverage` would otherwise fetch.",
)
