//! Builds the two shared libraries and the C tests. `zig build --help` lists the steps.
//! LAME and minimp3 come from third_party/, which scripts/fetch-sources.mjs fills.

const std = @import("std");
const builtin = @import("builtin");
const asan = @import("zig/asan.zig");
const sources = @import("zig/sources.zig");
const wasm = @import("zig/wasm.zig");
const Build = std.Build;
const Mode = sources.Mode;
const Target = sources.Target;

comptime {
    const wanted = std.SemanticVersion{ .major = 0, .minor = 16, .patch = 0 };
    if (builtin.zig_version.order(wanted) == .lt or builtin.zig_version.minor != wanted.minor) {
        @compileError("mp3-augment builds with Zig 0.16, this is " ++ builtin.zig_version_string);
    }
}

pub fn build(b: *Build) void {
    const target = chooseTarget(b);
    const mode = Mode{
        .optimize = b.option(std.builtin.OptimizeMode, "optimize", "Default: ReleaseFast") orelse .ReleaseFast,
        .keeps_symbols = b.option(bool, "symbols", "Keep the libraries' symbols, for a profiler") orelse false,
    };
    const fetched = fetchSources(b);

    const install = b.addUpdateSourceFiles();
    const libraries = installLibraries(b, target, mode, fetched, install);
    b.getInstallStep().dependOn(&install.step);
    const sanitized = Mode{ .optimize = .ReleaseSafe, .sanitize_c = .full };
    const threads = Mode{ .optimize = .ReleaseSafe, .sanitize_thread = true };
    const compiler = b.option([]const u8, "asan-compiler", "A gcc or clang for test-asan and fuzz, default: cc") orelse "cc";

    const release = b.step("release", "Both libraries for all eight targets, and the WebAssembly module, into lib/");
    const wasm_step = b.step("wasm", "The WebAssembly module alone, and its checks into zig-out/tests/wasm32/");
    const tests = b.step("test", "The C tests");
    const ubsan = b.step("test-ubsan", "The C tests under the undefined-behaviour sanitizer");
    const tsan = b.step("test-tsan", "The C tests under the thread sanitizer");
    const asan_step = b.step("test-asan", "The C tests under the address and undefined-behaviour sanitizers");
    const fuzz = b.step("fuzz", "Hostile input under the sanitizers: `-- --runs N --seconds N`, or with -Dlibfuzzer `-- -max_total_time=N`");
    const kernels = b.step("check-kernels", "The kernels alone; `-- --bench` prints ns per call");
    const library = b.step("test-library", "Load both libraries and check what they compute");
    const bytes = b.step("test-bytes", "MP3 bytes against stock LAME: a sample, or with `-- --full` every case");
    const programs = b.step("test-programs", "The C tests into zig-out/tests/, to be run elsewhere");
    const stock_step = b.step("stock", "Stock LAME into zig-out/stock/, for the benchmarks");
    const commands = b.step("commands", "zig-out/compile_commands.json: how each file of the libraries and the C tests is compiled");
    const bench = b.step("bench-programs", "The benchmarks' programs in C into zig-out/bench/");

    addRelease(b, release, fetched);
    wasm.addModule(b, wasm_step, fetched);
    for (addTests(b, tests, target, fetched, mode)) |program| {
        installProgram(b, programs, program);
        if (std.mem.eql(u8, program.name, "check_kernels")) kernels.dependOn(runWithArguments(b, program));
    }
    _ = addTests(b, ubsan, target, fetched, sanitized);
    _ = addTests(b, tsan, target, fetched, threads);
    const objects = asan.addTests(b, asan_step, compiler, fetched);
    asan.addFuzzer(b, fuzz, compiler, fetched, objects);
    installProgram(b, programs, addLibraryCheck(b, library, target, fetched, libraries));
    const stock = addBytes(b, bytes, target, fetched, libraries.lame);
    stock_step.dependOn(&b.addInstallFile(stock.getEmittedBin(), "stock/libmp3lame.so.0").step);
    addBenchPrograms(b, bench, target, fetched, libraries);
    commands.dependOn(&b.addInstallFile(@import("zig/commands.zig").write(b), "compile_commands.json").step);
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

fn addRelease(b: *Build, step: *Build.Step, fetched: ?*Build.Step) void {
    const install = b.addUpdateSourceFiles();
    wasm.install(b, fetched, install);
    for (sources.releaseTargets(b)) |name| {
        var query = std.Target.Query.parse(.{ .arch_os_abi = name }) catch @panic("release target");
        query.cpu_model = .baseline;
        _ = installLibraries(b, b.resolveTargetQuery(query), .{ .optimize = .ReleaseFast }, fetched, install);
    }
    step.dependOn(&install.step);
}

/// `zig build` alone works in a fresh clone, with whichever JavaScript runtime there
/// is. Null when the sources are already there.
fn fetchSources(b: *Build) ?*Build.Step {
    const io = b.graph.io;
    const header = b.pathFromRoot(sources.minimp3_dir ++ "/minimp3.h");
    const license = b.pathFromRoot(sources.lame_dir ++ "/COPYING");
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
    sources.waitFor(fetched, &.{ lame, shim });
    return .{ .lame = lame, .shim = shim };
}

/// lib/<target>/<file>, the names that ffi/library.ts looks for.
fn libraryPath(b: *Build, target: Target, name: []const u8, version: ?[]const u8) []const u8 {
    const t = target.result;
    const file = switch (t.os.tag) {
        .windows => b.fmt("{s}.dll", .{name}),
        .macos => if (version) |v| b.fmt("lib{s}.{s}.dylib", .{ name, v }) else b.fmt("lib{s}.dylib", .{name}),
        else => if (version) |v| b.fmt("lib{s}.so.{s}", .{ name, v }) else b.fmt("lib{s}.so", .{name}),
    };
    return b.fmt("lib/{s}/{s}", .{ sources.targetName(b, t), file });
}

fn addLameLibrary(b: *Build, target: Target, mode: Mode, which: sources.Lame) *Build.Step.Compile {
    const module = sources.createModule(b, target, mode);
    sources.addLameSources(b, module, mode, which);
    if (which == .ours) module.addCSourceFile(.{ .file = b.path("csrc/common/cpu.c"), .flags = &sources.shim_flags });
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
    const module = sources.createModule(b, target, mode);
    sources.addShimSources(b, module, mode, .beside);
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
fn addTests(b: *Build, step: *Build.Step, target: Target, fetched: ?*Build.Step, mode: Mode) []const *Build.Step.Compile {
    const module = sources.createModule(b, target, mode);
    sources.addLameSources(b, module, mode, .ours);
    sources.addShimSources(b, module, mode, .inside);
    // Not an archive, from which the linker takes no weak symbol; COFF has no other way.
    const both = if (target.result.ofmt == .coff)
        b.addLibrary(.{ .name = "both", .root_module = module, .linkage = .static })
    else
        b.addObject(.{ .name = "both", .root_module = module });
    sources.waitFor(fetched, &.{both});
    const plain = mode.sanitize_c == .off and !mode.sanitize_thread and target.result.isGnuLibC();
    var programs: std.ArrayList(*Build.Step.Compile) = .empty;
    for (sources.tests) |t| {
        if (t.plain and !plain) continue;
        const root = sources.createModule(b, target, mode);
        root.addCSourceFiles(.{ .root = b.path("csrc/tests"), .files = sources.testFiles(b, t), .flags = &sources.kernel_flags });
        if (both.kind == .lib) root.linkLibrary(both) else root.addObject(both);
        const program = b.addExecutable(.{ .name = sources.programName(t), .root_module = root });
        sources.waitFor(fetched, &.{program});
        step.dependOn(sources.runProgram(b.addRunArtifact(program)));
        programs.append(b.allocator, program) catch @panic("OOM");
    }
    return programs.items;
}

fn runWithArguments(b: *Build, program: *Build.Step.Compile) *Build.Step {
    const run = b.addRunArtifact(program);
    if (b.args) |arguments| run.addArgs(arguments);
    return sources.runProgram(run);
}

fn installProgram(b: *Build, step: *Build.Step, program: *Build.Step.Compile) void {
    const target = program.rootModuleTarget();
    const path = b.fmt("tests/{s}/{s}{s}", .{ sources.targetName(b, target), program.name, target.exeFileExt() });
    step.dependOn(&b.addInstallFile(program.getEmittedBin(), path).step);
}

/// The shared libraries themselves, as a program loads them.
fn addLibraryCheck(
    b: *Build,
    step: *Build.Step,
    target: Target,
    fetched: ?*Build.Step,
    libraries: Libraries,
) *Build.Step.Compile {
    const mode = Mode{ .optimize = .ReleaseFast };
    const program = sources.createModule(b, target, mode);
    program.addCSourceFiles(.{
        .root = b.path("csrc"),
        .files = &.{
            "tests/check_library.c",
            "tests/check.c",
            "common/cpu.c",
            "common/pcm16.c",
            "common/resampler.c",
            "common/samples.c",
            "decode/frame.c",
            "decode/synthesis.c",
            "roundtrip/block_decoder.c",
            "roundtrip/dequantize.c",
        },
        .flags = &sources.shim_flags,
    });
    if (target.result.os.tag == .linux) program.linkSystemLibrary("dl", .{});
    // Only a program that was loaded by musl itself can load more.
    const executable = b.addExecutable(.{ .name = "check_library", .root_module = program, .linkage = .dynamic });
    sources.waitFor(fetched, &.{executable});
    const run = b.addRunArtifact(executable);
    run.addArtifactArg(libraries.lame);
    run.addArtifactArg(libraries.shim);
    step.dependOn(sources.runProgram(run));
    return executable;
}

/// Whole encodes of stock LAME, which it returns, and of our library, byte for byte.
fn addBytes(b: *Build, step: *Build.Step, target: Target, fetched: ?*Build.Step, ours: *Build.Step.Compile) *Build.Step.Compile {
    const mode = Mode{ .optimize = .ReleaseFast };
    const stock = addLameLibrary(b, target, mode, .stock);
    const program = sources.createModule(b, target, mode);
    program.addCSourceFiles(.{
        .root = b.path("csrc/tests"),
        .files = &.{ "lame/check_bytes.c", "lame/byte_clips.c", "check.c" },
        .flags = &sources.exact_flags,
    });
    program.linkSystemLibrary("dl", .{});
    const executable = b.addExecutable(.{ .name = "check_bytes", .root_module = program });
    sources.waitFor(fetched, &.{ stock, executable });

    const run = b.addRunArtifact(executable);
    run.addArtifactArg(stock);
    run.addArtifactArg(ours);
    if (b.args) |arguments| run.addArgs(arguments);
    step.dependOn(sources.runProgram(run));
    return stock;
}

/// The file of ours that a program of the benchmarks includes, to look inside.
fn includedBy(program: []const u8) ?[]const u8 {
    if (std.mem.eql(u8, program, "threshold")) return "roundtrip/pipeline.c";
    return if (std.mem.eql(u8, program, "threads")) "common/pool.c" else null;
}

/// Every program takes the libraries from lib/, as a user's does.
fn addBenchPrograms(b: *Build, step: *Build.Step, target: Target, fetched: ?*Build.Step, libraries: Libraries) void {
    if (target.result.os.tag == .windows) {
        step.dependOn(&b.addFail("the benchmarks' programs in C need POSIX").step);
        return;
    }
    const mode = Mode{ .optimize = .ReleaseFast };
    const names = [_][]const u8{ "stock", "c-api", "threshold", "threads", "encode", "encode-stock" };
    for (names) |name| {
        const module = sources.createModule(b, target, mode);
        const flags = sources.optimized(b, mode, &sources.exact_flags);
        if (includedBy(name)) |included| {
            module.addCSourceFile(.{ .file = b.path(b.fmt("bench/{s}.c", .{name})), .flags = flags });
            for (sources.shim_files) |file| {
                if (std.mem.eql(u8, file, included)) continue;
                module.addCSourceFile(.{ .file = b.path(b.fmt("csrc/{s}", .{file})), .flags = flags });
            }
        } else if (std.mem.startsWith(u8, name, "encode")) {
            module.addCSourceFile(.{ .file = b.path("bench/peers/encode.c"), .flags = flags });
        } else {
            const files = [_][]const u8{ b.fmt("{s}.c", .{name}), "serve.c" };
            module.addCSourceFiles(.{ .root = b.path("bench/peers"), .files = &files, .flags = flags });
        }
        if (std.mem.endsWith(u8, name, "stock")) {
            sources.addLameSources(b, module, mode, .stock);
        } else {
            if (std.mem.eql(u8, name, "c-api")) module.addObjectFile(libraries.shim.getEmittedBin());
            module.addObjectFile(libraries.lame.getEmittedBin());
            const origin = if (target.result.os.tag == .macos) "@loader_path" else "$ORIGIN";
            module.addRPathSpecial(b.fmt("{s}/../../lib/{s}", .{ origin, sources.targetName(b, target.result) }));
        }
        const program = b.addExecutable(.{ .name = name, .root_module = module });
        sources.waitFor(fetched, &.{program});
        const copy = b.addInstallFile(program.getEmittedBin(), b.fmt("bench/{s}", .{name}));
        step.dependOn(&copy.step);
    }
}
