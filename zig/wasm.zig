//! LAME and the shim for WebAssembly, for one thread and 128-bit SIMD.

const std = @import("std");
const sources = @import("sources.zig");
const Build = std.Build;

const mode = sources.Mode{ .optimize = .ReleaseFast };

fn createModule(b: *Build) *Build.Module {
    const features = std.Target.wasm.featureSet(&.{ .simd128, .bulk_memory, .sign_ext, .nontrapping_fptoint });
    const module = sources.createModule(b, b.resolveTargetQuery(.{
        .cpu_arch = .wasm32,
        .os_tag = .wasi,
        .cpu_model = .{ .explicit = &std.Target.wasm.cpu.generic },
        .cpu_features_add = features,
    }), mode);
    module.pic = false;
    sources.addLameSources(b, module, mode, .ours);
    for (sources.shim_files) |file| {
        const path = if (std.mem.eql(u8, file, "common/pool.c")) "wasm/no_pool.c" else file;
        module.addCSourceFile(.{ .file = b.path(b.fmt("csrc/{s}", .{path})), .flags = sources.optimized(b, mode, &sources.shim_flags) });
    }
    return module;
}

fn addProgram(b: *Build, name: []const u8, module: *Build.Module, fetched: ?*Build.Step) *Build.Step.Compile {
    const program = b.addExecutable(.{ .name = name, .root_module = module });
    program.stack_size = 1 << 20; // as much as a thread of the pool has
    sources.waitFor(fetched, &.{program});
    return program;
}

/// lib/wasm32/mp3augment.wasm, without imports: it exports what MP3A_API marks, and what
/// ffi/wasm/ needs beside it.
pub fn install(b: *Build, fetched: ?*Build.Step, update: *Build.Step.UpdateSourceFiles) void {
    const module = createModule(b);
    module.addCSourceFile(.{ .file = b.path("csrc/wasm/no_system.c"), .flags = &sources.shim_flags });
    module.export_symbol_names = &.{ "malloc", "free", "mp3a_peak_bits" };
    const program = addProgram(b, "mp3augment", module, fetched);
    program.entry = .disabled;
    program.rdynamic = true;
    program.wasi_exec_model = .reactor;
    update.addCopyFileToSource(program.getEmittedBin(), "lib/wasm32/mp3augment.wasm");
}

/// The module, and the checks of its kernels and bytes into zig-out/tests/wasm32/, as
/// programs for WASI.
pub fn addModule(b: *Build, step: *Build.Step, fetched: ?*Build.Step) void {
    const update = b.addUpdateSourceFiles();
    install(b, fetched, update);
    step.dependOn(&update.step);
    for (sources.tests ++ [_]sources.Test{.{ .name = "check_library" }}) |t| {
        if (!std.mem.startsWith(u8, t.name, "check_")) continue;
        const module = createModule(b);
        module.addCSourceFiles(.{ .root = b.path("csrc/tests"), .files = sources.testFiles(b, t), .flags = &sources.kernel_flags });
        const program = addProgram(b, t.name, module, fetched);
        const path = b.fmt("tests/wasm32/{s}.wasm", .{t.name});
        step.dependOn(&b.addInstallFile(program.getEmittedBin(), path).step);
    }
}
