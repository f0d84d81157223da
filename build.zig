//! Builds the two shared libraries and the C tests. `zig build --help` lists the steps.
//! LAME and minimp3 come from third_party/, which scripts/fetch-sources.mjs fills.

const std = @import("std");
const builtin = @import("builtin");

comptime {
    const wanted = std.SemanticVersion{ .major = 0, .minor = 16, .patch = 0 };
    if (builtin.zig_version.order(wanted) == .lt or builtin.zig_version.minor != wanted.minor) {
        @compileError("mp3-augment builds with Zig 0.16, this is " ++ builtin.zig_version_string);
    }
}

const lame_dir = "third_party/lame-3.100";
const minimp3_dir = "third_party/minimp3";

/// LAME without its decoder: mpglib_interface.c is empty then.
const lame_files = [_][]const u8{
    "VbrTag.c",      "bitstream.c", "encoder.c",      "gain_analysis.c", "id3tag.c",
    "lame.c",        "newmdct.c",   "presets.c",      "psymodel.c",      "quantize.c",
    "quantize_pvt.c", "reservoir.c", "set_get.c",      "tables.c",        "takehiro.c",
    "util.c",        "vbrquantize.c", "version.c",
};

/// What LAME's configure finds out, as it does on x86-64: the two macros about
/// IEEE 754 change bytes, so every target gets them.
const lame_config = [_][]const u8{
    "-DSTDC_HEADERS",             "-DHAVE_ERRNO_H",     "-DHAVE_FCNTL_H",
    "-DHAVE_LIMITS_H",            "-DHAVE_STDINT_H",    "-DHAVE_INTTYPES_H",
    "-DHAVE_STRCHR",              "-DHAVE_MEMCPY",      "-DTAKEHIRO_IEEE754_HACK",
    "-DUSE_FAST_LOG",             "-DNDEBUG",           "-DPACKAGE=\"lame\"",
    "-Dieee754_float32_t=float",
};

/// No contraction into fused multiply-add: it changes bits.
const exact_flags = [_][]const u8{ "-std=gnu11", "-ffp-contract=off" };

const lame_flags = exact_flags ++ lame_config ++ [_][]const u8{"-w"};

/// LAME's SSE2 Hartley transform keeps every byte. Its SSE xrpow doesn't: only
/// fft.c may know of SSE.
const lame_sse_flags = lame_flags ++ [_][]const u8{ "-DHAVE_XMMINTRIN_H", "-DMIN_ARCH_SSE" };

const shim_files = [_][]const u8{
    "cpu.c", "decoder.c", "encoder.c", "job.c", "mp3augment.c", "peak.c", "pipeline.c", "pool.c", "ring.c",
};

const shim_flags = exact_flags ++ [_][]const u8{
    "-Wall", "-Wextra", "-Werror", "-Wmissing-prototypes", "-fvisibility=hidden",
};

/// Each C test is one program: csrc/tests/<name>.c.
const tests = [_][]const u8{ "test_peak", "test_ring", "test_api", "test_pipeline", "test_jobs" };

pub fn build(b: *std.Build) void {
    const target = chooseTarget(b);
    const optimize = b.option(std.builtin.OptimizeMode, "optimize", "Default: ReleaseFast") orelse .ReleaseFast;

    const lame = addLameLibrary(b, target, optimize);
    const shim = addShimLibrary(b, target, optimize, lame);
    const install = b.addUpdateSourceFiles();
    install.addCopyFileToSource(lame.getEmittedBin(), libraryPath(b, target, "mp3lame", "0"));
    install.addCopyFileToSource(shim.getEmittedBin(), libraryPath(b, target, "mp3augment", null));
    b.getInstallStep().dependOn(&install.step);

    addTestStep(b, target, "test", "Build and run the C tests", .{ .optimize = optimize });
    addTestStep(b, target, "test-ubsan", "The C tests under the undefined-behaviour sanitizer", .{
        .optimize = .ReleaseSafe,
        .sanitize_c = .full,
    });
    addTestStep(b, target, "test-tsan", "The C tests under the thread sanitizer", .{
        .optimize = .ReleaseSafe,
        .sanitize_thread = true,
    });
}

/// One build runs on every machine of its target: the baseline CPU (more is chosen
/// at run time, and compiled-in FMA would change bits) and an old glibc.
fn chooseTarget(b: *std.Build) std.Build.ResolvedTarget {
    var query = b.standardTargetOptionsQueryOnly(.{});
    query.cpu_model = .baseline;
    var target = b.resolveTargetQuery(query);
    if (target.result.os.tag == .linux and target.result.abi == .gnu) {
        query.cpu_arch = target.result.cpu.arch;
        query.os_tag = .linux;
        query.abi = .gnu;
        query.glibc_version = .{ .major = 2, .minor = 17, .patch = 0 };
        target = b.resolveTargetQuery(query);
    }
    return target;
}

/// lib/<arch>-<os>[-<abi>]/<file>, the names that ffi/library.ts looks for.
fn libraryPath(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    name: []const u8,
    version: ?[]const u8,
) []const u8 {
    const t = target.result;
    const folder = switch (t.os.tag) {
        .macos => b.fmt("{t}-macos", .{t.cpu.arch}),
        else => b.fmt("{t}-{t}-{t}", .{ t.cpu.arch, t.os.tag, t.abi }),
    };
    const file = switch (t.os.tag) {
        .windows => b.fmt("{s}.dll", .{name}),
        .macos => if (version) |v| b.fmt("lib{s}.{s}.dylib", .{ name, v }) else b.fmt("lib{s}.dylib", .{name}),
        else => if (version) |v| b.fmt("lib{s}.so.{s}", .{ name, v }) else b.fmt("lib{s}.so", .{name}),
    };
    return b.fmt("lib/{s}/{s}", .{ folder, file });
}

const Mode = struct {
    optimize: std.builtin.OptimizeMode,
    sanitize_c: std.zig.SanitizeC = .off,
    sanitize_thread: bool = false,
};

fn createModule(b: *std.Build, target: std.Build.ResolvedTarget, mode: Mode) *std.Build.Module {
    return b.createModule(.{
        .target = target,
        .optimize = mode.optimize,
        .link_libc = true,
        .sanitize_c = mode.sanitize_c,
        .sanitize_thread = mode.sanitize_thread,
        .strip = mode.optimize == .ReleaseFast,
        .pic = true,
    });
}

fn addLameSources(b: *std.Build, module: *std.Build.Module) void {
    const is_x86 = module.resolved_target.?.result.cpu.arch == .x86_64;
    module.addIncludePath(b.path(lame_dir ++ "/include"));
    module.addIncludePath(b.path(lame_dir ++ "/libmp3lame"));
    module.addCSourceFiles(.{
        .root = b.path(lame_dir ++ "/libmp3lame"),
        .files = &lame_files,
        .flags = &lame_flags,
    });
    module.addCSourceFile(.{
        .file = b.path(lame_dir ++ "/libmp3lame/fft.c"),
        .flags = if (is_x86) &lame_sse_flags else &lame_flags,
    });
    if (is_x86) module.addCSourceFile(.{
        .file = b.path(lame_dir ++ "/libmp3lame/vector/xmm_quantize_sub.c"),
        .flags = &lame_sse_flags,
    });
}

fn addShimSources(b: *std.Build, module: *std.Build.Module) void {
    module.addIncludePath(b.path("csrc"));
    module.addIncludePath(b.path(lame_dir ++ "/include"));
    module.addSystemIncludePath(b.path(minimp3_dir));
    module.addCSourceFiles(.{ .root = b.path("csrc"), .files = &shim_files, .flags = &shim_flags });
}

fn addLameLibrary(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.OptimizeMode,
) *std.Build.Step.Compile {
    const module = createModule(b, target, .{ .optimize = optimize });
    addLameSources(b, module);
    const library = b.addLibrary(.{
        .name = "mp3lame",
        .linkage = .dynamic,
        .version = .{ .major = 0, .minor = 0, .patch = 0 }, // stock LAME's: a stock build can take its place
        .root_module = module,
    });
    exportOnly(b, library, "lame_*; get_lame_*; id3tag_*;");
    return library;
}

fn addShimLibrary(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    optimize: std.builtin.OptimizeMode,
    lame: *std.Build.Step.Compile,
) *std.Build.Step.Compile {
    const module = createModule(b, target, .{ .optimize = optimize });
    addShimSources(b, module);
    module.linkLibrary(lame);
    // Found beside itself even where nobody has loaded libmp3lame before.
    switch (target.result.os.tag) {
        .macos => module.addRPathSpecial("@loader_path"),
        .windows => {},
        else => module.addRPathSpecial("$ORIGIN"),
    }
    const library = b.addLibrary(.{ .name = "mp3augment", .linkage = .dynamic, .root_module = module });
    library.each_lib_rpath = false; // no path of the build machine
    exportOnly(b, library, "mp3a_*;");
    return library;
}

/// ELF exports by pattern; the other formats by their own defaults.
fn exportOnly(b: *std.Build, library: *std.Build.Step.Compile, patterns: []const u8) void {
    if (library.rootModuleTarget().ofmt != .elf) return;
    const script = b.addWriteFiles().add("exports.map", b.fmt("{{ global: {s} local: *; }};\n", .{patterns}));
    library.setVersionScript(script);
}

/// Every C test as a program of its own, with both libraries inside so that a
/// sanitizer sees all of it.
fn addTestStep(
    b: *std.Build,
    target: std.Build.ResolvedTarget,
    name: []const u8,
    description: []const u8,
    mode: Mode,
) void {
    const step = b.step(name, description);
    const module = createModule(b, target, mode);
    addLameSources(b, module);
    addShimSources(b, module);
    const both = b.addLibrary(.{ .name = b.fmt("{s}-both", .{name}), .linkage = .static, .root_module = module });
    for (tests) |test_name| {
        const program = createModule(b, target, mode);
        program.addIncludePath(b.path("csrc"));
        program.addIncludePath(b.path(lame_dir ++ "/include"));
        program.addSystemIncludePath(b.path(minimp3_dir));
        program.addCSourceFiles(.{
            .root = b.path("csrc/tests"),
            .files = &.{ b.fmt("{s}.c", .{test_name}), "check.c" },
            .flags = &shim_flags,
        });
        program.linkLibrary(both);
        const executable = b.addExecutable(.{ .name = b.fmt("{s}-{s}", .{ name, test_name }), .root_module = program });
        const run = b.addRunArtifact(executable);
        run.stdio = .inherit;
        run.has_side_effects = true;
        step.dependOn(&run.step);
    }
}
