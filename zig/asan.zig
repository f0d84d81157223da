//! Zig has no run-time library of the address sanitizer: another compiler builds
//! everything once more, file by file.

const std = @import("std");
const sources = @import("sources.zig");
const Build = std.Build;

/// Returns all of both libraries.
pub fn addTests(b: *Build, step: *Build.Step, compiler: []const u8, fetched: ?*Build.Step) []const Build.LazyPath {
    const objects = compileLibraries(b, compiler, fetched, &.{});
    for (sources.tests) |t| {
        if (t.plain) continue;
        const program = link(b, compiler, fetched, sources.programName(t), sources.testFiles(b, t), objects, &.{});
        step.dependOn(run(b, sources.programName(t), program, &.{}));
    }
    return objects;
}

/// Without libFuzzer, which only clang has, the fuzzer mutates by itself.
pub fn addFuzzer(b: *Build, step: *Build.Step, compiler: []const u8, fetched: ?*Build.Step, objects: []const Build.LazyPath) void {
    const libfuzzer = b.option(bool, "libfuzzer", "fuzz by coverage, with clang's libFuzzer") orelse false;
    const coverage: []const []const u8 = if (libfuzzer) &.{ "-fsanitize=fuzzer-no-link", "-DMP3A_LIBFUZZER" } else &.{};
    const linked: []const []const u8 = if (libfuzzer) &.{ "-fsanitize=fuzzer-no-link", "-DMP3A_LIBFUZZER", "-fsanitize=fuzzer" } else &.{};
    const all = if (libfuzzer) compileLibraries(b, compiler, fetched, coverage) else objects;
    const program = link(b, compiler, fetched, "fuzz_decode", &.{ "decode/fuzz_decode.c", "check.c" }, all, linked);
    step.dependOn(run(b, "fuzz_decode", program, b.args orelse &.{}));
}

fn compileLibraries(b: *Build, compiler: []const u8, fetched: ?*Build.Step, extra: []const []const u8) []const Build.LazyPath {
    const is_x86 = b.graph.host.result.cpu.arch == .x86_64;
    var objects: std.ArrayList(Build.LazyPath) = .empty;
    for (sources.lame_files) |file| {
        const path = b.fmt("{s}/libmp3lame/{s}", .{ sources.lame_dir, file.name });
        append(b, &objects, compile(b, compiler, fetched, path, sources.lameFileFlags(b, file, is_x86, .ours), extra));
    }
    for (sources.kernel_files) |file| {
        append(b, &objects, compile(b, compiler, fetched, b.fmt("csrc/lame/{s}", .{file}), sources.kernelFlags(b), extra));
    }
    append(b, &objects, compile(b, compiler, fetched, sources.musl_math, sources.muslFlags(b), extra));
    for (sources.shim_files) |file| {
        append(b, &objects, compile(b, compiler, fetched, b.fmt("csrc/{s}", .{file}), &sources.shim_flags, extra));
    }
    return objects.items;
}

fn link(
    b: *Build,
    compiler: []const u8,
    fetched: ?*Build.Step,
    name: []const u8,
    files: []const []const u8,
    objects: []const Build.LazyPath,
    extra: []const []const u8,
) Build.LazyPath {
    const linker = b.addSystemCommand(&.{ compiler, "-fsanitize=address,undefined", "-pthread" });
    for (extra) |flag| if (std.mem.startsWith(u8, flag, "-f")) linker.addArg(flag);
    linker.addArg("-o");
    const program = linker.addOutputFileArg(b.fmt("asan-{s}", .{name}));
    for (objects) |object| linker.addFileArg(object);
    for (files) |file| {
        linker.addFileArg(compile(b, compiler, fetched, b.fmt("csrc/tests/{s}", .{file}), &sources.kernel_flags, compileOnly(b, extra)));
    }
    linker.addArgs(&.{ "-ldl", "-lm" });
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

fn run(b: *Build, name: []const u8, program: Build.LazyPath, arguments: []const []const u8) *Build.Step {
    const command = Build.Step.Run.create(b, b.fmt("run asan-{s}", .{name}));
    command.addFileArg(program);
    command.addArgs(arguments);
    return sources.runProgram(command);
}

fn append(b: *Build, list: *std.ArrayList(Build.LazyPath), object: Build.LazyPath) void {
    list.append(b.allocator, object) catch @panic("OOM");
}

fn compile(
    b: *Build,
    compiler: []const u8,
    fetched: ?*Build.Step,
    source: []const u8,
    flags: []const []const u8,
    extra: []const []const u8,
) Build.LazyPath {
    const command = b.addSystemCommand(&.{ compiler, "-c", "-g", "-O1", "-fno-omit-frame-pointer" });
    command.addArgs(&.{ "-fsanitize=address,undefined", "-fno-sanitize-recover=all" });
    command.addArgs(flags);
    command.addArgs(extra);
    command.addArgs(&.{ "-Wno-unknown-warning-option", "-Wno-array-parameter", "-Wno-psabi", "-include" });
    command.addFileArg(b.path("csrc/tests/gcc_builtins.h"));
    for (sources.include_dirs) |dir| command.addPrefixedDirectoryArg("-I", b.path(dir));
    command.addArg("-isystem");
    command.addDirectoryArg(b.path(sources.minimp3_dir));
    command.addFileArg(b.path(source));
    command.addArgs(&.{ "-MD", "-MF" });
    _ = command.addDepFileOutputArg(b.fmt("{s}.d", .{std.fs.path.stem(source)}));
    command.addArg("-o");
    const name = b.fmt("{s}.o", .{std.fs.path.stem(source)});
    if (fetched) |s| command.step.dependOn(s);
    return command.addOutputFileArg(name);
}
