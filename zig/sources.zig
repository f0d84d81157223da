//! What is compiled, and how: the files of both libraries and of the tests, their flags, and the
//! targets.

const std = @import("std");
const Build = std.Build;

pub const lame_dir = "third_party/lame-3.100";

pub const minimp3_dir = "third_party/minimp3";

pub const LameFile = struct {
    name: []const u8,
    /// Functions that csrc/lame/ defines in place of LAME's, whose own get the suffix _lame.
    replaced: []const []const u8 = &.{},
    sse: bool = false,
    /// How often what is left of it runs: small rather than fast once per frame, as small as can
    /// be if once per encoder or never.
    runs: enum { often, per_frame, seldom } = .often,
};

/// LAME without its decoder (mpglib_interface.c is empty then). Its SSE2 Hartley
/// transform keeps every byte, its SSE xrpow doesn't: only fft.c may know of SSE.
pub const lame_files = [_]LameFile{
    .{ .name = "VbrTag.c", .runs = .seldom },
    .{ .name = "bitstream.c", .replaced = &.{ "format_bitstream", "flush_bitstream", "copy_buffer" }, .runs = .seldom },
    .{ .name = "encoder.c", .runs = .per_frame },
    .{ .name = "fft.c", .sse = true, .runs = .seldom },
    .{ .name = "gain_analysis.c", .runs = .seldom },
    .{ .name = "id3tag.c", .runs = .seldom },
    .{ .name = "lame.c", .replaced = &.{"lame_encode_buffer_ieee_float"}, .runs = .per_frame },
    .{ .name = "newmdct.c", .replaced = &.{"mdct_sub48"}, .runs = .seldom },
    .{ .name = "presets.c", .runs = .seldom },
    .{ .name = "psymodel.c", .replaced = &.{ "L3psycho_anal_vbr", "psymodel_init" }, .runs = .seldom },
    .{ .name = "quantize.c", .replaced = &.{ "ABR_iteration_loop", "CBR_iteration_loop", "init_xrpow_core_init" }, .runs = .per_frame },
    .{ .name = "quantize_pvt.c", .replaced = &.{ "calc_noise", "calc_xmin", "iteration_init" }, .runs = .per_frame },
    .{ .name = "reservoir.c", .runs = .per_frame },
    .{ .name = "set_get.c", .runs = .seldom },
    .{ .name = "tables.c", .runs = .per_frame },
    .{ .name = "takehiro.c", .replaced = &.{ "best_huffman_divide", "count_bits", "noquant_count_bits", "scale_bitcount" } },
    .{ .name = "util.c", .replaced = &.{ "fill_buffer", "init_log_table" }, .runs = .per_frame },
    .{ .name = "vbrquantize.c", .replaced = &.{"VBR_encode_frame"}, .runs = .seldom },
    .{ .name = "version.c", .runs = .seldom },
    .{ .name = "vector/xmm_quantize_sub.c", .sse = true },
};

/// What LAME's configure finds out, as it does on x86-64: the two macros about
/// IEEE 754 change bytes, so every target gets them.
pub const lame_config = [_][]const u8{
    "-DSTDC_HEADERS",       "-DHAVE_ERRNO_H",            "-DHAVE_FCNTL_H",
    "-DHAVE_LIMITS_H",      "-DHAVE_STDINT_H",           "-DHAVE_INTTYPES_H",
    "-DHAVE_STRCHR",        "-DHAVE_MEMCPY",             "-DTAKEHIRO_IEEE754_HACK",
    "-DUSE_FAST_LOG",       "-DNDEBUG",                  "-DPACKAGE=\"lame\"",
    "-DLAME_LIBRARY_BUILD", "-Dieee754_float32_t=float",
};

/// Functions of the C library that differ in the last bit from one to the other, and
/// so are built in: pow, powf and exp from Zig's copy of musl, the others by
/// csrc/lame/math/portable_math.c. Its header and the other one are included before
/// every file of libmp3lame.
pub const math_header = "csrc/lame/math/portable_math.h";

pub const platform_header = "csrc/lame/platform.h";

/// No contraction into fused multiply-add: it changes bits.
pub const exact_flags = [_][]const u8{ "-std=gnu11", "-ffp-contract=off" };

/// LAME shifts into the sign bit; that is its own, and not for our sanitizers.
pub const lame_flags = exact_flags ++ lame_config ++ [_][]const u8{
    "-w", "-fno-sanitize=undefined", "-fvisibility=hidden",
};

/// Of options, what an initializer leaves out is meant to be 0.
pub const warning_flags = [_][]const u8{ "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers" };

pub const shim_files = [_][]const u8{
    "mp3augment.c",
    "common/clip.c",
    "common/cpu.c",
    "common/job.c",
    "common/memory.c",
    "common/mpeg.c",
    "common/options.c",
    "common/pages.c",
    "common/pcm16.c",
    "common/peak.c",
    "common/pool.c",
    "common/resampler.c",
    "common/samples.c",
    "encode/block_encoder.c",
    "encode/encode_clip.c",
    "encode/encode_stream.c",
    "encode/lame_cache.c",
    "encode/sizes.c",
    "encode/tag_delay.c",
    "decode/decode_file.c",
    "decode/decode_stream.c",
    "decode/frame.c",
    "decode/mp3_header.c",
    "decode/mp3_reader.c",
    "decode/mp3_tag.c",
    "decode/mp3_track.c",
    "decode/synthesis.c",
    "roundtrip/block_decoder.c",
    "roundtrip/dequantize.c",
    "roundtrip/pipeline.c",
    "roundtrip/ranges.c",
    "roundtrip/ring.c",
    "roundtrip/roundtrip_clip.c",
    "roundtrip/roundtrip_stream.c",
};

pub const shim_flags = exact_flags ++ warning_flags ++ [_][]const u8{ "-Wmissing-prototypes", "-fvisibility=hidden" };

pub const kernel_files = [_][]const u8{
    "abr_loop.c",
    "allowed_noise.c",
    "band_layouts.c",
    "bitstream.c",
    "cbr_loop.c",
    "hand_off.c",
    "huffman_choose.c",
    "huffman_count.c",
    "huffman_divide.c",
    "input.c",
    "mdct.c",
    "noise.c",
    "noise_shaping.c",
    "process_tables.c",
    "psy_constants.c",
    "psymodel.c",
    "resample.c",
    "scalefactors.c",
    "seam.c",
    "quantize.c",
    "snapshot.c",
    "tried_values.c",
    "vbr_frame.c",
    "vbr_scale_factors.c",
    "vbr_search.c",
    "vbr_store.c",
    "xrpow.c",
    "kernels/attack.c",
    "kernels/band_factors.c",
    "kernels/fht.c",
    "kernels/filterbank.c",
    "kernels/huffman_lengths.c",
    "kernels/huffman_sums.c",
    "kernels/kernels.c",
    "kernels/masking.c",
    "kernels/mdct.c",
    "kernels/noisy_steps.c",
    "kernels/pair_keys.c",
    "kernels/quantize.c",
    "kernels/xrpow.c",
    "math/portable_math.c",
};

pub const kernel_flags = exact_flags ++ lame_config ++ warning_flags ++ [_][]const u8{"-fvisibility=hidden"};

pub const musl_math = "csrc/lame/math/musl/musl_math.c";

/// LAME's internal headers are "libmp3lame/encoder.h" and the like, ours "encode/lame_cache.h".
pub const include_dirs = [_][]const u8{ lame_dir ++ "/include", lame_dir, "csrc" };

/// Stock LAME is what the tests and benchmarks compare with.
pub const Lame = enum { stock, ours };

/// Each C test is one program: its files, all in csrc/tests/.
/// `plain`: it takes the place of functions that sanitizers take too, and of glibc's.
pub const Test = struct { name: []const u8, files: []const []const u8 = &.{}, plain: bool = false };

pub const tests = [_]Test{
    .{ .name = "common/test_cpu" },
    .{ .name = "common/test_memory" },
    .{ .name = "common/test_options" },
    .{ .name = "common/test_pages" },
    .{ .name = "common/test_peak" },
    .{ .name = "common/test_pcm16" },
    .{ .name = "common/test_pool" },
    .{ .name = "common/test_resampler" },
    .{ .name = "roundtrip/test_ring" },
    .{ .name = "test_api" },
    .{ .name = "roundtrip/test_pipeline" },
    .{ .name = "roundtrip/test_failed_stream" },
    .{ .name = "roundtrip/test_hand_off" },
    .{ .name = "roundtrip/test_ranges" },
    .{ .name = "roundtrip/test_sharing" },
    .{ .name = "test_jobs" },
    .{ .name = "test_streams" },
    .{ .name = "decode/test_reader" },
    .{ .name = "encode/test_sizes" },
    .{ .name = "encode/test_tag" },
    .{ .name = "decode/test_decode" },
    .{ .name = "decode/test_frames" },
    .{ .name = "decode/test_header" },
    .{ .name = "decode/test_hostile" },
    .{ .name = "test_failures", .plain = true },
    .{ .name = "lame/check_snapshot" },
    .{ .name = "lame/check_tables" },
    .{ .name = "check_kernels", .files = &.{
        "decode/check_synthesis.c",
        "lame/check_bitstream.c",
        "lame/check_fht.c",
        "lame/check_filterbank.c",
        "lame/check_huffman_count.c",
        "lame/check_masking.c",
        "lame/check_mdct.c",
        "lame/check_noise.c",
        "lame/check_psymodel.c",
        "lame/check_quantize.c",
        "lame/check_resample.c",
        "lame/check_vbr.c",
        "lame/check_xrpow.c",
    } },
};

pub const Target = Build.ResolvedTarget;

pub const Mode = struct {
    optimize: std.builtin.OptimizeMode,
    sanitize_c: std.zig.SanitizeC = .off,
    sanitize_thread: bool = false,
    keeps_symbols: bool = false,
};

/// What the package ships. Versions are the oldest systems each may meet.
pub fn releaseTargets(b: *Build) []const []const u8 {
    const text = @embedFile("targets.json");
    return std.json.parseFromSliceLeaky([]const []const u8, b.allocator, text, .{}) catch @panic("targets.json");
}

pub fn createModule(b: *Build, target: Target, mode: Mode) *Build.Module {
    const module = b.createModule(.{
        .target = target,
        .optimize = mode.optimize,
        .link_libc = true,
        .sanitize_c = mode.sanitize_c,
        .sanitize_thread = mode.sanitize_thread,
        .strip = mode.optimize == .ReleaseFast and !mode.keeps_symbols,
        .omit_frame_pointer = mode.optimize == .ReleaseFast,
        .pic = true,
    });
    for (include_dirs) |dir| module.addIncludePath(b.path(dir));
    module.addSystemIncludePath(b.path(minimp3_dir));
    return module;
}

pub fn addLameSources(b: *Build, module: *Build.Module, mode: Mode, which: Lame) void {
    const is_x86 = module.resolved_target.?.result.cpu.arch == .x86_64;
    for (lame_files) |file| module.addCSourceFile(.{
        .file = b.path(b.fmt("{s}/libmp3lame/{s}", .{ lame_dir, file.name })),
        .flags = optimized(b, mode, lameFileFlags(b, file, is_x86, which)),
    });
    if (which == .stock) return;
    module.addCSourceFile(.{ .file = b.path(musl_math), .flags = optimized(b, mode, muslFlags(b)) });
    module.addCSourceFiles(.{
        .root = b.path("csrc/lame"),
        .files = &kernel_files,
        .flags = optimized(b, mode, kernelFlags(b)),
    });
}

pub fn addShimSources(b: *Build, module: *Build.Module, mode: Mode, lame: enum { beside, inside }) void {
    const is_inside: []const []const u8 = if (lame == .inside) &.{"-DMP3A_LAME_IS_INSIDE"} else &.{};
    const flags = optimized(b, mode, std.mem.concat(b.allocator, []const u8, &.{ &shim_flags, is_inside }) catch @panic("OOM"));
    module.addCSourceFiles(.{ .root = b.path("csrc"), .files = &shim_files, .flags = flags });
}

/// Zig's ReleaseFast stops at -O2 for C. What `flags` say comes later and wins.
pub fn optimized(b: *Build, mode: Mode, flags: []const []const u8) []const []const u8 {
    if (mode.optimize != .ReleaseFast) return flags;
    return std.mem.concat(b.allocator, []const u8, &.{ &.{"-O3"}, flags }) catch @panic("OOM");
}

pub fn lameFileFlags(b: *Build, file: LameFile, is_x86: bool, which: Lame) []const []const u8 {
    var flags: std.ArrayList([]const u8) = .empty;
    flags.appendSlice(b.allocator, including(b, platform_header, &lame_flags)) catch @panic("OOM");
    // Its folder vector/ finds LAME's headers by this alone.
    flags.append(b.allocator, b.fmt("-I{s}", .{b.pathFromRoot(lame_dir ++ "/libmp3lame")})) catch @panic("OOM");
    if (file.sse and is_x86) {
        flags.appendSlice(b.allocator, &.{ "-DHAVE_XMMINTRIN_H", "-DMIN_ARCH_SSE" }) catch @panic("OOM");
    }
    if (which == .stock) return flags.items;
    switch (file.runs) {
        .often => {},
        .per_frame => flags.append(b.allocator, "-Os") catch @panic("OOM"),
        .seldom => flags.append(b.allocator, "-Oz") catch @panic("OOM"),
    }
    for (file.replaced) |name| {
        flags.append(b.allocator, b.fmt("-D{s}={s}_lame", .{ name, name })) catch @panic("OOM");
    }
    return including(b, math_header, flags.items);
}

pub fn kernelFlags(b: *Build) []const []const u8 {
    return including(b, math_header, including(b, platform_header, &kernel_flags));
}

pub fn muslFlags(b: *Build) []const []const u8 {
    const musl = b.pathJoin(&.{ b.graph.zig_lib_directory.path orelse ".", "libc/musl" });
    const flags = exact_flags ++ [_][]const u8{
        "-fvisibility=hidden",
        "-w",
        "-fno-sanitize=undefined",
        b.fmt("-I{s}", .{b.pathFromRoot("csrc/lame/math/musl")}),
        b.fmt("-I{s}/src/math", .{musl}),
        "-idirafter",
        b.fmt("{s}/include", .{musl}),
    };
    return b.allocator.dupe([]const u8, &flags) catch @panic("OOM");
}

pub fn including(b: *Build, header: []const u8, flags: []const []const u8) []const []const u8 {
    const more = [_][]const u8{ "-include", b.pathFromRoot(header) };
    return std.mem.concat(b.allocator, []const u8, &.{ flags, &more }) catch @panic("OOM");
}

pub fn testFiles(b: *Build, t: Test) []const []const u8 {
    var files: std.ArrayList([]const u8) = .empty;
    files.appendSlice(b.allocator, &.{ b.fmt("{s}.c", .{t.name}), "check.c" }) catch @panic("OOM");
    files.appendSlice(b.allocator, t.files) catch @panic("OOM");
    return files.items;
}

/// Without the room it is of.
pub fn programName(t: Test) []const u8 {
    return std.fs.path.basename(t.name);
}

/// The name of a target's folder in lib/, as ffi/library.ts has it.
pub fn targetName(b: *Build, t: std.Target) []const u8 {
    if (t.os.tag == .macos) return b.fmt("{t}-macos", .{t.cpu.arch});
    return b.fmt("{t}-{t}-{t}", .{ t.cpu.arch, t.os.tag, t.abi });
}

pub fn waitFor(fetched: ?*Build.Step, compiles: []const *Build.Step.Compile) void {
    const step = fetched orelse return;
    for (compiles) |compile| compile.step.dependOn(step);
}

/// Its output is the result: shown, and never taken from the cache.
pub fn runProgram(run: *Build.Step.Run) *Build.Step {
    run.stdio = .inherit;
    run.has_side_effects = true;
    return &run.step;
}
