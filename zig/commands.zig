//! The compile commands of the libraries and the C tests as JSON: for clangd, and for
//! scripts/mutants, which compiles single files by itself. `program` names the test a file is of.

const std = @import("std");
const sources = @import("sources.zig");
const Build = std.Build;

const Command = struct { directory: []const u8, file: []const u8, arguments: []const []const u8, program: ?[]const u8 };

pub fn write(b: *Build) Build.LazyPath {
    const is_x86 = b.graph.host.result.cpu.arch == .x86_64;
    var commands: std.ArrayList(Command) = .empty;
    for (sources.lame_files) |file| {
        const path = b.fmt("{s}/libmp3lame/{s}", .{ sources.lame_dir, file.name });
        append(b, &commands, path, sources.lameFileFlags(b, file, is_x86, .ours), null);
    }
    for (sources.kernel_files) |file| append(b, &commands, b.fmt("csrc/lame/{s}", .{file}), sources.kernelFlags(b), null);
    append(b, &commands, sources.musl_math, sources.muslFlags(b), null);
    for (sources.shim_files) |file| append(b, &commands, b.fmt("csrc/{s}", .{file}), &sources.shim_flags, null);
    for (sources.tests) |t| for (sources.testFiles(b, t)) |file| {
        append(b, &commands, b.fmt("csrc/tests/{s}", .{file}), &sources.kernel_flags, sources.programName(t));
    };
    const text = std.json.Stringify.valueAlloc(b.allocator, commands.items, .{ .whitespace = .indent_1, .emit_null_optional_fields = false }) catch @panic("OOM");
    return b.addWriteFiles().add("compile_commands.json", text);
}

fn append(b: *Build, commands: *std.ArrayList(Command), file: []const u8, flags: []const []const u8, program: ?[]const u8) void {
    var arguments: std.ArrayList([]const u8) = .empty;
    arguments.append(b.allocator, "cc") catch @panic("OOM");
    arguments.appendSlice(b.allocator, flags) catch @panic("OOM");
    for (sources.include_dirs) |dir| arguments.append(b.allocator, b.fmt("-I{s}", .{dir})) catch @panic("OOM");
    arguments.appendSlice(b.allocator, &.{ "-isystem", sources.minimp3_dir, "-c", file }) catch @panic("OOM");
    commands.append(b.allocator, .{
        .directory = b.pathFromRoot("."),
        .file = file,
        .arguments = arguments.items,
        .program = program,
    }) catch @panic("OOM");
}
