//! Builds the two shared libraries and the C tests. `zig build --help` lists the steps.
//! LAME and minimp3 come from third_party/, which scripts/fetch-sources.mjs fills.

const std = @import("std");
const builtin = @import("builtin");
const Build = std.Build;

comptime {
    const wanted = std.SemanticVersion{ .major = 0, .minor = 16, .patch = 0 };
    if (builtin.zig_version.order(wanted) == .lt or builtin.zig_version.minor != wanted.minor) {
        @compileError("mp3-augment builds with Zig 0.16, this is " ++ builtin.zig_version_string);
    }
}

const lame_dir = "third_party/lame-3.100";
const minimp3_dir = "third_party/minimp3";

const LameFile = struct {
    name: []const u8,
    /// Functions that csrc/lame/ defines in place of LAME's, whose own get the suffix _lame.
    replaced: []const []const u8 = &.{},
    sse: bool = false,
    /// Runs once per encoder or never: small rather than fast.
    cold: bool = false,
};

/// LAME without its decoder (mpglib_interface.c is empty then). Its SSE2 Hartley
/// transform keeps every byte, its SSE xrpow doesn't: only fft.c may know of SSE.
const lame_files = [_]LameFile{
    .{ .name = "VbrTag.c", .cold = true },
    .{ .name = "bitstream.c", .replaced = &.{ "format_bitstream", "flush_bitstream", "copy_buffer" } },
    .{ .name = "encoder.c" },
    .{ .name = "fft.c", .sse = true },
    .{ .name = "gain_analysis.c", .cold = true },
    .{ .name = "id3tag.c", .cold = true },
    .{ .name = "lame.c", .replaced = &.{"lame_encode_buffer_ieee_float"}, .cold = true },
    .{ .name = "newmdct.c", .replaced = &.{"mdct_sub48"} },
    .{ .name = "presets.c", .cold = true },
    .{ .name = "psymodel.c", .replaced = &.{ "L3psycho_anal_vbr", "psymodel_init" } },
    .{ .name = "quantize.c", .replaced = &.{ "CBR_iteration_loop", "init_xrpow_core_init" } },
    .{ .name = "quantize_pvt.c", .replaced = &.{ "calc_noise", "iteration_init" } },
    .{ .name = "reservoir.c" },
    .{ .name = "set_get.c", .cold = true },
    .{ .name = "tables.c", .cold = true },
    .{ .name = "takehiro.c", .replaced = &.{ "best_huffman_divide", "count_bits", "noquant_count_bits" } },
    .{ .name = "util.c", .replaced = &.{"init_log_table"} },
    .{ .name = "vbrquantize.c" },
    .{ .name = "version.c", .cold = true },
    .{ .name = "vector/xmm_quantize_sub.c", .sse = true },
};

/// What LAME's configure finds out, as it does on x86-64: the two macros about
/// IEEE 754 change bytes, so every target gets them.
const lame_config = [_][]const u8{
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
const math_header = "csrc/lame/math/portable_math.h";
const platform_header = "csrc/lame/platform.h";

/// No contraction into fused multiply-add: it changes bits.
const exact_flags = [_][]const u8{ "-std=gnu11", "-ffp-contract=off" };

/// LAME shifts into the sign bit; that is its own, and not for our sanitizers.
const lame_flags = exact_flags ++ lame_config ++ [_][]const u8{
    "-w", "-fno-sanitize=undefined", "-fvisibility=hidden",
};

const warning_flags = [_][]const u8{ "-Wall", "-Wextra", "-Werror" };

const shim_files = [_][]const u8{
    "mp3augment.c",
    "common/clip.c",
    "common/cpu.c",
    "common/job.c",
    "common/mpeg.c",
    "common/options.c",
    "common/pcm16.c",
    "common/peak.c",
    "common/pool.c",
    "common/samples.c",
    "encode/block_encoder.c",
    "encode/encode_clip.c",
    "encode/encode_stream.c",
    "encode/lame_cache.c",
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
const shim_flags = exact_flags ++ warning_flags ++ [_][]const u8{ "-Wmissing-prototypes", "-fvisibility=hidden" };

const kernel_files = [_][]const u8{
    "bitstream.c",
    "cbr_loop.c",
    "hand_off.c",
    "huffman_choose.c",
    "huffman_count.c",
    "huffman_divide.c",
    "input.c",
    "mdct.c",
    "noise.c",
    "process_tables.c",
    "psy_constants.c",
    "psymodel.c",
    "seam.c",
    "quantize.c",
    "snapshot.c",
    "xrpow.c",
    "kernels/attack.c",
    "kernels/fht.c",
    "kernels/filterbank.c",
    "kernels/huffman_lengths.c",
    "kernels/kernels.c",
    "kernels/masking.c",
    "kernels/mdct.c",
    "kernels/pair_keys.c",
    "kernels/quantize.c",
    "kernels/xrpow.c",
    "math/portable_math.c",
};
const kernel_flags = exact_flags ++ lame_config ++ warning_flags ++ [_][]const u8{"-fvisibility=hidden"};

/// Each C test is one program: its files, all in csrc/tests/.
/// `plain`: it takes the place of functions that sanitizers take too, and of glibc's.
const Test = struct { name: []const u8, files: []const []const u8 = &.{}, plain: bool = false };
const tests = [_]Test{
    .{ .name = "common/test_peak" },
    .{ .name = "roundtrip/test_ring" },
    .{ .name = "test_api" },
    .{ .name = "roundtrip/test_pipeline" },
    .{ .name = "roundtrip/test_hand_off" },
    .{ .name = "roundtrip/test_ranges" },
    .{ .name = "test_jobs" },
    .{ .name = "test_streams" },
    .{ .name = "decode/test_decode" },
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
        "lame/check_psymodel.c",
        "lame/check_quantize.c",
        "lame/check_xrpow.c",
    } },
};

const Target = Build.ResolvedTarget;
const Mode = struct {
    optimize: std.builtin.OptimizeMode,
    sanitize_c: std.zig.SanitizeC = .off,
    sanitize_thread: bool = false,
};

pub fn build(b: *Build) void {
    const target = chooseTarget(b);
    const mode = Mode{
        .optimize = b.option(std.builtin.OptimizeMode, "optimize", "Default: ReleaseFast") orelse .ReleaseFast,
    };
    const fetched = fetchSources(b);

    const install = b.addUpdateSourceFiles();
    const libraries = installLibraries(b, target, mode, fetched, install);
    b.getInstallStep().dependOn(&install.step);
    addReleaseStep(b, fetched);
    addWasmStep(b, fetched);
    addTestStep(b, target, fetched, "test", "Build and run the C tests", mode);
    addTestStep(b, target, fetched, "test-ubsan", "The C tests under the undefined-behaviour sanitizer", .{
        .optimize = .ReleaseSafe,
        .sanitize_c = .full,
    });
    addTestStep(b, target, fetched, "test-tsan", "The C tests under the thread sanitizer", .{
        .optimize = .ReleaseSafe,
        .sanitize_thread = true,
    });
    addAsanStep(b, fetched);
    addLibraryCheck(b, target, fetched, libraries.lame, libraries.shim);
    addBytesStep(b, target, fetched, libraries.lame);
    addBenchStep(b, target, fetched, libraries.lame, libraries.shim);
}

/// One build runs on every machine of its target: the baseline CPU (more is chosen
/// at run time, and compiled-in FMA would change bits) and an old glibc.
fn chooseTarget(b: *Build) Target {
    var query = b.standardTargetOptionsQueryOnly(.{});
    query.cpu_model = .baseline;
    const native = b.resolveTargetQuery(query);
    if (native.result.os.tag != .linux or native.result.abi != .gnu) return native;
    query.cpu_arch = native.result.cpu.arch;
    query.os_tag = .linux;
    query.abi = .gnu;
    query.glibc_version = .{ .major = 2, .minor = 17, .patch = 0 };
    return b.resolveTargetQuery(query);
}

/// What the package ships. Versions are the oldest systems each may meet.
const release_targets = [_][]const u8{
    "x86_64-linux-gnu.2.17", "aarch64-linux-gnu.2.17", "x86_64-linux-musl",  "aarch64-linux-musl",
    "x86_64-macos.11.0",     "aarch64-macos.11.0",     "x86_64-windows-gnu", "aarch64-windows-gnu",
};

fn addReleaseStep(b: *Build, fetched: ?*Build.Step) void {
    const install = b.addUpdateSourceFiles();
    installWasm(b, fetched, install);
    for (release_targets) |name| {
        var query = std.Target.Query.parse(.{ .arch_os_abi = name }) catch @panic("release target");
        query.cpu_model = .baseline;
        _ = installLibraries(b, b.resolveTargetQuery(query), .{ .optimize = .ReleaseFast }, fetched, install);
    }
    b.step("release", "Build both libraries for all eight targets, and the WebAssembly module, into lib/").dependOn(&install.step);
}

/// `zig build` alone works in a fresh clone, with whichever JavaScript runtime there
/// is. Null when the sources are already there.
fn fetchSources(b: *Build) ?*Build.Step {
    const io = b.graph.io;
    const header = b.pathFromRoot(minimp3_dir ++ "/minimp3.h");
    const license = b.pathFromRoot(lame_dir ++ "/COPYING");
    if (std.Io.Dir.cwd().access(io, header, .{})) |_| {
        if (std.Io.Dir.cwd().access(io, license, .{})) |_| return null else |_| {}
    } else |_| {}
    const names = [_][]const u8{ "node", "bun", "deno" };
    for (names) |name| {
        const runtime = b.findProgram(&.{name}, &.{}) catch continue;
        const run = b.addSystemCommand(&.{runtime});
        if (std.mem.eql(u8, name, "deno")) run.addArgs(&.{ "run", "-A" });
        run.addFileArg(b.path("scripts/fetch-sources.mjs"));
        run.setCwd(b.path("."));
        return &run.step;
    }
    return &b.addFail("LAME and minimp3 are missing, and fetching them takes Node, Deno or Bun: " ++
        "install one, or run scripts/fetch-sources.mjs elsewhere").step;
}

const wasm_mode = Mode{ .optimize = .ReleaseFast };

/// LAME and the shim for WebAssembly, for one thread and 128-bit SIMD.
fn createWasmModule(b: *Build) *Build.Module {
    const features = std.Target.wasm.featureSet(&.{ .simd128, .bulk_memory, .sign_ext, .nontrapping_fptoint });
    const module = createModule(b, b.resolveTargetQuery(.{
        .cpu_arch = .wasm32,
        .os_tag = .wasi,
        .cpu_model = .{ .explicit = &std.Target.wasm.cpu.generic },
        .cpu_features_add = features,
    }), wasm_mode);
    module.pic = false;
    addLameSources(b, module, wasm_mode, .ours);
    for (shim_files) |file| {
        const path = if (std.mem.eql(u8, file, "common/pool.c")) "wasm/no_pool.c" else file;
        module.addCSourceFile(.{ .file = b.path(b.fmt("csrc/{s}", .{path})), .flags = optimized(b, wasm_mode, &shim_flags) });
    }
    return module;
}

fn addWasmProgram(b: *Build, name: []const u8, module: *Build.Module, fetched: ?*Build.Step) *Build.Step.Compile {
    const program = b.addExecutable(.{ .name = name, .root_module = module });
    program.stack_size = 1 << 20; // as much as a thread of the pool has
    waitFor(fetched, &.{program});
    return program;
}

/// lib/wasm32/mp3augment.wasm, without imports: it exports what MP3A_API marks, and what
/// ffi/wasm/ needs beside it.
fn installWasm(b: *Build, fetched: ?*Build.Step, install: *Build.Step.UpdateSourceFiles) void {
    const module = createWasmModule(b);
    module.addCSourceFile(.{ .file = b.path("csrc/wasm/no_system.c"), .flags = &shim_flags });
    module.export_symbol_names = &.{ "malloc", "free", "mp3a_peak_bits" };
    const program = addWasmProgram(b, "mp3augment", module, fetched);
    program.entry = .disabled;
    program.rdynamic = true;
    program.wasi_exec_model = .reactor;
    install.addCopyFileToSource(program.getEmittedBin(), "lib/wasm32/mp3augment.wasm");
}

/// The module, and the checks of its kernels and bytes into zig-out/tests/wasm32/, as
/// programs for WASI.
fn addWasmStep(b: *Build, fetched: ?*Build.Step) void {
    const install = b.addUpdateSourceFiles();
    installWasm(b, fetched, install);
    const step = b.step("wasm", "Build the WebAssembly module alone, and its checks into zig-out/tests/wasm32/");
    step.dependOn(&install.step);
    for (tests ++ [_]Test{.{ .name = "check_library" }}) |t| {
        if (!std.mem.startsWith(u8, t.name, "check_")) continue;
        const module = createWasmModule(b);
        module.addCSourceFiles(.{ .root = b.path("csrc/tests"), .files = testFiles(b, t), .flags = &kernel_flags });
        const program = addWasmProgram(b, t.name, module, fetched);
        const path = b.fmt("tests/wasm32/{s}.wasm", .{t.name});
        step.dependOn(&b.addInstallFile(program.getEmittedBin(), path).step);
    }
}

const Libraries = struct { lame: *Build.Step.Compile, shim: *Build.Step.Compile };

fn installLibraries(
    b: *Build,
    target: Target,
    mode: Mode,
    fetched: ?*Build.Step,
    install: *Build.Step.UpdateSourceFiles,
) Libraries {
    const lame = addLameLibrary(b, target, mode, .ours);
    const shim = addShimLibrary(b, target, mode, lame);
    install.addCopyFileToSource(lame.getEmittedBin(), libraryPath(b, target, "mp3lame", "0"));
    install.addCopyFileToSource(shim.getEmittedBin(), libraryPath(b, target, "mp3augment", null));
    waitFor(fetched, &.{ lame, shim });
    return .{ .lame = lame, .shim = shim };
}

fn waitFor(fetched: ?*Build.Step, compiles: []const *Build.Step.Compile) void {
    const step = fetched orelse return;
    for (compiles) |compile| compile.step.dependOn(step);
}

/// The name of a target's folder in lib/, as ffi/library.ts has it.
fn targetName(b: *Build, t: std.Target) []const u8 {
    if (t.os.tag == .macos) return b.fmt("{t}-macos", .{t.cpu.arch});
    return b.fmt("{t}-{t}-{t}", .{ t.cpu.arch, t.os.tag, t.abi });
}

/// lib/<target>/<file>, the names that ffi/library.ts looks for.
fn libraryPath(b: *Build, target: Target, name: []const u8, version: ?[]const u8) []const u8 {
    const t = target.result;
    const file = switch (t.os.tag) {
        .windows => b.fmt("{s}.dll", .{name}),
        .macos => if (version) |v| b.fmt("lib{s}.{s}.dylib", .{ name, v }) else b.fmt("lib{s}.dylib", .{name}),
        else => if (version) |v| b.fmt("lib{s}.so.{s}", .{ name, v }) else b.fmt("lib{s}.so", .{name}),
    };
    return b.fmt("lib/{s}/{s}", .{ targetName(b, t), file });
}

fn createModule(b: *Build, target: Target, mode: Mode) *Build.Module {
    const module = b.createModule(.{
        .target = target,
        .optimize = mode.optimize,
        .link_libc = true,
        .sanitize_c = mode.sanitize_c,
        .sanitize_thread = mode.sanitize_thread,
        .strip = mode.optimize == .ReleaseFast,
        .omit_frame_pointer = mode.optimize == .ReleaseFast,
        .pic = true,
    });
    for (include_dirs) |dir| module.addIncludePath(b.path(dir));
    module.addSystemIncludePath(b.path(minimp3_dir));
    return module;
}

/// LAME's internal headers are "libmp3lame/encoder.h" and the like, ours "encode/lame_cache.h".
const include_dirs = [_][]const u8{ lame_dir ++ "/include", lame_dir, "csrc" };

/// Stock LAME is what the tests and benchmarks compare with.
const Lame = enum { stock, ours };

/// Zig's ReleaseFast stops at -O2 for C. What `flags` say comes later and wins.
fn optimized(b: *Build, mode: Mode, flags: []const []const u8) []const []const u8 {
    if (mode.optimize != .ReleaseFast) return flags;
    return std.mem.concat(b.allocator, []const u8, &.{ &.{"-O3"}, flags }) catch @panic("OOM");
}

fn lameFileFlags(b: *Build, file: LameFile, is_x86: bool, which: Lame) []const []const u8 {
    var flags: std.ArrayList([]const u8) = .empty;
    flags.appendSlice(b.allocator, including(b, platform_header, &lame_flags)) catch @panic("OOM");
    // Its folder vector/ finds LAME's headers by this alone.
    flags.append(b.allocator, b.fmt("-I{s}", .{b.pathFromRoot(lame_dir ++ "/libmp3lame")})) catch @panic("OOM");
    if (file.sse and is_x86) {
        flags.appendSlice(b.allocator, &.{ "-DHAVE_XMMINTRIN_H", "-DMIN_ARCH_SSE" }) catch @panic("OOM");
    }
    if (which == .stock) return flags.items;
    if (file.cold) flags.append(b.allocator, "-Os") catch @panic("OOM");
    for (file.replaced) |name| {
        flags.append(b.allocator, b.fmt("-D{s}={s}_lame", .{ name, name })) catch @panic("OOM");
    }
    return including(b, math_header, flags.items);
}

fn addLameSources(b: *Build, module: *Build.Module, mode: Mode, which: Lame) void {
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

const musl_math = "csrc/lame/math/musl/musl_math.c";

fn muslFlags(b: *Build) []const []const u8 {
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

fn kernelFlags(b: *Build) []const []const u8 {
    return including(b, math_header, including(b, platform_header, &kernel_flags));
}

fn including(b: *Build, header: []const u8, flags: []const []const u8) []const []const u8 {
    const more = [_][]const u8{ "-include", b.pathFromRoot(header) };
    return std.mem.concat(b.allocator, []const u8, &.{ flags, &more }) catch @panic("OOM");
}

fn addShimSources(b: *Build, module: *Build.Module, mode: Mode) void {
    const flags = optimized(b, mode, &shim_flags);
    module.addCSourceFiles(.{ .root = b.path("csrc"), .files = &shim_files, .flags = flags });
}

fn addLameLibrary(b: *Build, target: Target, mode: Mode, which: Lame) *Build.Step.Compile {
    const module = createModule(b, target, mode);
    addLameSources(b, module, mode, which);
    if (which == .ours) module.addCSourceFile(.{ .file = b.path("csrc/common/cpu.c"), .flags = &shim_flags });
    const library = b.addLibrary(.{
        .name = "mp3lame",
        .linkage = .dynamic,
        .version = .{ .major = 0, .minor = 0, .patch = 0 }, // stock LAME's: a stock build can take its place
        .root_module = module,
    });
    library.link_z_defs = true;
    library.install_name = "@rpath/libmp3lame.0.dylib"; // its file's name on macOS
    exportOnly(b, library, "bitrate_table; samplerate_table; lame_*; get_*; id3tag_*; mp3a_lame_*;");
    return library;
}

fn addShimLibrary(b: *Build, target: Target, mode: Mode, lame: *Build.Step.Compile) *Build.Step.Compile {
    const module = createModule(b, target, mode);
    addShimSources(b, module, mode);
    // Not linkLibrary(), which adds a path of the build to what is searched at run time.
    const is_windows = target.result.os.tag == .windows;
    module.addObjectFile(if (is_windows) lame.getEmittedImplib() else lame.getEmittedBin());
    // Found beside itself even where nobody has loaded libmp3lame before.
    switch (target.result.os.tag) {
        .macos => module.addRPathSpecial("@loader_path"),
        .windows => {},
        else => module.addRPathSpecial("$ORIGIN"),
    }
    const library = b.addLibrary(.{ .name = "mp3augment", .linkage = .dynamic, .root_module = module });
    library.link_z_defs = true;
    exportOnly(b, library, "mp3a_*;");
    return library;
}

/// ELF exports by pattern; the other formats by their own defaults.
fn exportOnly(b: *Build, library: *Build.Step.Compile, patterns: []const u8) void {
    const t = library.rootModuleTarget();
    if (t.os.tag == .windows) {
        library.bundle_compiler_rt = t.cpu.arch != .x86_64;
        library.root_module.addCSourceFile(.{ .file = b.path("csrc/common/windows_link.c") });
    }
    library.link_gc_sections = true;
    library.link_function_sections = true;
    library.link_data_sections = true;
    if (library.rootModuleTarget().ofmt != .elf) return;
    const script = b.addWriteFiles().add("exports.map", b.fmt("{{ global: {s} local: *; }};\n", .{patterns}));
    library.setVersionScript(script);
}

/// Every C test as a program of its own, with both libraries inside so that a
/// sanitizer sees all of it.
fn addTestStep(
    b: *Build,
    target: Target,
    fetched: ?*Build.Step,
    name: []const u8,
    description: []const u8,
    mode: Mode,
) void {
    const step = b.step(name, description);
    const module = createModule(b, target, mode);
    addLameSources(b, module, mode, .ours);
    addShimSources(b, module, mode);
    // Not an archive, from which the linker takes no weak symbol; COFF has no other way.
    const both_name = b.fmt("{s}-both", .{name});
    const both = if (target.result.ofmt == .coff)
        b.addLibrary(.{ .name = both_name, .root_module = module, .linkage = .static })
    else
        b.addObject(.{ .name = both_name, .root_module = module });
    waitFor(fetched, &.{both});
    const plain = mode.sanitize_c == .off and !mode.sanitize_thread and target.result.isGnuLibC();
    const programs: ?*Build.Step = if (std.mem.eql(u8, name, "test"))
        b.step("test-programs", "Put the C tests into zig-out/tests/, to be run elsewhere")
    else
        null;
    for (tests) |t| {
        if (t.plain and !plain) continue;
        const program = createModule(b, target, mode);
        program.addCSourceFiles(.{ .root = b.path("csrc/tests"), .files = testFiles(b, t), .flags = &kernel_flags });
        if (both.kind == .lib) program.linkLibrary(both) else program.addObject(both);
        const executable = b.addExecutable(.{ .name = b.fmt("{s}-{s}", .{ name, programName(t) }), .root_module = program });
        waitFor(fetched, &.{executable});
        step.dependOn(runProgram(b.addRunArtifact(executable)));
        if (programs) |s| installProgram(b, s, executable, programName(t));
        if (mode.sanitize_thread or mode.sanitize_c != .off or !std.mem.eql(u8, t.name, "check_kernels")) continue;
        const bench = b.addRunArtifact(executable);
        if (b.args) |arguments| bench.addArgs(arguments);
        b.step("check-kernels", "The kernels alone; `-- --bench` prints ns per call").dependOn(runProgram(bench));
    }
}

fn installProgram(b: *Build, step: *Build.Step, executable: *Build.Step.Compile, name: []const u8) void {
    const ending = executable.rootModuleTarget().exeFileExt();
    const path = b.fmt("tests/{s}/{s}{s}", .{ targetName(b, executable.rootModuleTarget()), name, ending });
    step.dependOn(&b.addInstallFile(executable.getEmittedBin(), path).step);
}

/// The shared libraries themselves, as a program loads them.
fn addLibraryCheck(
    b: *Build,
    target: Target,
    fetched: ?*Build.Step,
    lame: *Build.Step.Compile,
    shim: *Build.Step.Compile,
) void {
    const mode = Mode{ .optimize = .ReleaseFast };
    const program = createModule(b, target, mode);
    program.addCSourceFiles(.{
        .root = b.path("csrc"),
        .files = &.{
            "tests/check_library.c",
            "tests/check.c",
            "common/cpu.c",
            "common/pcm16.c",
            "common/samples.c",
            "decode/frame.c",
            "decode/synthesis.c",
            "roundtrip/block_decoder.c",
            "roundtrip/dequantize.c",
        },
        .flags = &shim_flags,
    });
    if (target.result.os.tag == .linux) program.linkSystemLibrary("dl", .{});
    // Only a program that was loaded by musl itself can load more.
    const executable = b.addExecutable(.{ .name = "check_library", .root_module = program, .linkage = .dynamic });
    waitFor(fetched, &.{executable});
    const run = b.addRunArtifact(executable);
    run.addArtifactArg(lame);
    run.addArtifactArg(shim);
    b.step("test-library", "Load both libraries and check what they compute").dependOn(runProgram(run));
    installProgram(b, &b.top_level_steps.get("test-programs").?.step, executable, "check_library");
}

/// Without the room it is of.
fn programName(t: Test) []const u8 {
    return std.fs.path.basename(t.name);
}

fn testFiles(b: *Build, t: Test) []const []const u8 {
    var files: std.ArrayList([]const u8) = .empty;
    files.appendSlice(b.allocator, &.{ b.fmt("{s}.c", .{t.name}), "check.c" }) catch @panic("OOM");
    files.appendSlice(b.allocator, t.files) catch @panic("OOM");
    return files.items;
}

/// Its output is the result: shown, and never taken from the cache.
fn runProgram(run: *Build.Step.Run) *Build.Step {
    run.stdio = .inherit;
    run.has_side_effects = true;
    return &run.step;
}

/// Zig has no run-time library of the address sanitizer: another compiler builds
/// everything once more, file by file.
fn addAsanStep(b: *Build, fetched: ?*Build.Step) void {
    const compiler = b.option([]const u8, "asan-compiler", "A gcc or clang for test-asan and fuzz, default: cc") orelse "cc";
    const step = b.step("test-asan", "The C tests under the address and undefined-behaviour sanitizers");
    const objects = asanObjects(b, compiler, fetched, &.{});
    for (tests) |t| {
        if (t.plain) continue;
        const program = asanProgram(b, compiler, fetched, programName(t), testFiles(b, t), objects, &.{});
        step.dependOn(runAsanProgram(b, programName(t), program, &.{}));
    }
    addFuzzStep(b, compiler, fetched, objects);
}

/// Without libFuzzer, which only clang has, the fuzzer mutates by itself.
fn addFuzzStep(b: *Build, compiler: []const u8, fetched: ?*Build.Step, objects: []const Build.LazyPath) void {
    const step = b.step("fuzz", "Hostile input under the sanitizers: `-- --runs N --seconds N`, or with -Dlibfuzzer `-- -max_total_time=N`");
    const libfuzzer = b.option(bool, "libfuzzer", "fuzz by coverage, with clang's libFuzzer") orelse false;
    const coverage: []const []const u8 = if (libfuzzer) &.{ "-fsanitize=fuzzer-no-link", "-DMP3A_LIBFUZZER" } else &.{};
    const link: []const []const u8 = if (libfuzzer) &.{"-fsanitize=fuzzer"} else &.{};
    const all = if (libfuzzer) asanObjects(b, compiler, fetched, coverage) else objects;
    var linked: std.ArrayList([]const u8) = .empty;
    linked.appendSlice(b.allocator, coverage) catch @panic("OOM");
    linked.appendSlice(b.allocator, link) catch @panic("OOM");
    const program = asanProgram(b, compiler, fetched, "fuzz_decode", &.{ "decode/fuzz_decode.c", "check.c" }, all, linked.items);
    step.dependOn(runAsanProgram(b, "fuzz_decode", program, b.args orelse &.{}));
}

fn asanObjects(b: *Build, compiler: []const u8, fetched: ?*Build.Step, extra: []const []const u8) []const Build.LazyPath {
    const is_x86 = b.graph.host.result.cpu.arch == .x86_64;
    var objects: std.ArrayList(Build.LazyPath) = .empty;
    for (lame_files) |file| {
        const path = b.fmt("{s}/libmp3lame/{s}", .{ lame_dir, file.name });
        append(b, &objects, asanObject(b, compiler, fetched, path, lameFileFlags(b, file, is_x86, .ours), extra));
    }
    for (kernel_files) |file| {
        append(b, &objects, asanObject(b, compiler, fetched, b.fmt("csrc/lame/{s}", .{file}), kernelFlags(b), extra));
    }
    append(b, &objects, asanObject(b, compiler, fetched, musl_math, muslFlags(b), extra));
    for (shim_files) |file| {
        append(b, &objects, asanObject(b, compiler, fetched, b.fmt("csrc/{s}", .{file}), &shim_flags, extra));
    }
    return objects.items;
}

fn asanProgram(
    b: *Build,
    compiler: []const u8,
    fetched: ?*Build.Step,
    name: []const u8,
    files: []const []const u8,
    objects: []const Build.LazyPath,
    extra: []const []const u8,
) Build.LazyPath {
    const link = b.addSystemCommand(&.{ compiler, "-fsanitize=address,undefined", "-pthread" });
    for (extra) |flag| if (std.mem.startsWith(u8, flag, "-f")) link.addArg(flag);
    link.addArg("-o");
    const program = link.addOutputFileArg(b.fmt("asan-{s}", .{name}));
    for (objects) |object| link.addFileArg(object);
    for (files) |file| {
        link.addFileArg(asanObject(b, compiler, fetched, b.fmt("csrc/tests/{s}", .{file}), &kernel_flags, compileOnly(b, extra)));
    }
    link.addArgs(&.{ "-ldl", "-lm" });
    return program;
}

/// -fsanitize=fuzzer brings a main of its own: for the linker alone.
fn compileOnly(b: *Build, flags: []const []const u8) []const []const u8 {
    var kept: std.ArrayList([]const u8) = .empty;
    for (flags) |flag| {
        if (!std.mem.eql(u8, flag, "-fsanitize=fuzzer")) kept.append(b.allocator, flag) catch @panic("OOM");
    }
    return kept.items;
}

fn runAsanProgram(b: *Build, name: []const u8, program: Build.LazyPath, arguments: []const []const u8) *Build.Step {
    const run = Build.Step.Run.create(b, b.fmt("run asan-{s}", .{name}));
    run.addFileArg(program);
    run.addArgs(arguments);
    return runProgram(run);
}

fn append(b: *Build, list: *std.ArrayList(Build.LazyPath), object: Build.LazyPath) void {
    list.append(b.allocator, object) catch @panic("OOM");
}

fn asanObject(
    b: *Build,
    compiler: []const u8,
    fetched: ?*Build.Step,
    source: []const u8,
    flags: []const []const u8,
    extra: []const []const u8,
) Build.LazyPath {
    const compile = b.addSystemCommand(&.{ compiler, "-c", "-g", "-O1", "-fno-omit-frame-pointer" });
    compile.addArgs(&.{ "-fsanitize=address,undefined", "-fno-sanitize-recover=all" });
    compile.addArgs(flags);
    compile.addArgs(extra);
    compile.addArgs(&.{ "-Wno-unknown-warning-option", "-Wno-array-parameter", "-Wno-psabi", "-include" });
    compile.addFileArg(b.path("csrc/tests/gcc_builtins.h"));
    for (include_dirs) |dir| compile.addPrefixedDirectoryArg("-I", b.path(dir));
    compile.addArg("-isystem");
    compile.addDirectoryArg(b.path(minimp3_dir));
    compile.addFileArg(b.path(source));
    compile.addArgs(&.{ "-MD", "-MF" });
    _ = compile.addDepFileOutputArg(b.fmt("{s}.d", .{std.fs.path.stem(source)}));
    compile.addArg("-o");
    const name = b.fmt("{s}.o", .{std.fs.path.stem(source)});
    if (fetched) |s| compile.step.dependOn(s);
    return compile.addOutputFileArg(name);
}

/// Whole encodes of stock LAME and of our library, byte for byte.
fn addBytesStep(b: *Build, target: Target, fetched: ?*Build.Step, ours: *Build.Step.Compile) void {
    const mode = Mode{ .optimize = .ReleaseFast };
    const stock = addLameLibrary(b, target, mode, .stock);
    const program = createModule(b, target, mode);
    program.addCSourceFiles(.{
        .root = b.path("csrc/tests"),
        .files = &.{ "lame/check_bytes.c", "check.c" },
        .flags = &exact_flags,
    });
    program.linkSystemLibrary("dl", .{});
    const executable = b.addExecutable(.{ .name = "check_bytes", .root_module = program });
    waitFor(fetched, &.{ stock, executable });

    const step = b.step("test-bytes", "MP3 bytes against stock LAME: a sample, or with `-- --full` every case");
    const run = b.addRunArtifact(executable);
    run.addArtifactArg(stock);
    run.addArtifactArg(ours);
    if (b.args) |arguments| run.addArgs(arguments);
    step.dependOn(runProgram(run));

    const stock_step = b.step("stock", "Build stock LAME into zig-out/stock/, for the benchmarks");
    const copy = b.addInstallFile(stock.getEmittedBin(), "stock/libmp3lame.so.0");
    stock_step.dependOn(&copy.step);
}

/// Every program takes the libraries from lib/, as a user's does.
fn addBenchStep(
    b: *Build,
    target: Target,
    fetched: ?*Build.Step,
    lame: *Build.Step.Compile,
    shim: *Build.Step.Compile,
) void {
    const step = b.step("bench-programs", "Build the benchmarks' programs in C into zig-out/bench/");
    if (target.result.os.tag == .windows) {
        step.dependOn(&b.addFail("the benchmarks' programs in C need POSIX").step);
        return;
    }
    const mode = Mode{ .optimize = .ReleaseFast };
    const names = [_][]const u8{ "stock", "c-api", "threshold" };
    for (names) |name| {
        const module = createModule(b, target, mode);
        const flags = optimized(b, mode, &exact_flags);
        if (std.mem.eql(u8, name, "threshold")) {
            module.addCSourceFile(.{ .file = b.path("bench/threshold.c"), .flags = flags });
            for (shim_files) |file| {
                if (std.mem.eql(u8, file, "roundtrip/pipeline.c")) continue; // threshold.c includes it
                module.addCSourceFile(.{ .file = b.path(b.fmt("csrc/{s}", .{file})), .flags = flags });
            }
        } else {
            const files = [_][]const u8{ b.fmt("{s}.c", .{name}), "serve.c" };
            module.addCSourceFiles(.{ .root = b.path("bench/peers"), .files = &files, .flags = flags });
        }
        if (std.mem.eql(u8, name, "stock")) {
            addLameSources(b, module, mode, .stock);
        } else {
            if (std.mem.eql(u8, name, "c-api")) module.addObjectFile(shim.getEmittedBin());
            module.addObjectFile(lame.getEmittedBin());
            const origin = if (target.result.os.tag == .macos) "@loader_path" else "$ORIGIN";
            module.addRPathSpecial(b.fmt("{s}/../../lib/{s}", .{ origin, targetName(b, target.result) }));
        }
        const program = b.addExecutable(.{ .name = name, .root_module = module });
        waitFor(fetched, &.{program});
        const copy = b.addInstallFile(program.getEmittedBin(), b.fmt("bench/{s}", .{name}));
        step.dependOn(&copy.step);
    }
}
