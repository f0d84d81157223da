"""Prints what a shared library's headers say, as one JSON object per file. Reads ELF, Mach-O and PE."""

import json
import sys

import lief

lief.logging.disable()

# What linkers add to the exports of a Mach-O library by themselves.
MACHO_LINKER_SYMBOLS = {"__mh_dylib_header", "___dso_handle"}


def inspect_elf(binary):
    tags = lief.ELF.DynamicEntry.TAG
    versions = {
        version.name
        for requirement in binary.symbols_version_requirement
        for version in requirement.get_auxiliary_symbols()
    }
    named = {e.tag: e for e in binary.dynamic_entries}
    runpath = named.get(tags.RUNPATH) or named.get(tags.RPATH)
    return {
        "format": "ELF",
        "cpu": binary.header.machine_type.name,
        "name": named[tags.SONAME].name if tags.SONAME in named else None,
        "libraries": list(binary.libraries),
        "searchPaths": [runpath.runpath if tags.RUNPATH in named else runpath.rpath] if runpath else [],
        "symbolVersions": sorted(versions),
        "exports": [symbol.name for symbol in binary.exported_symbols],
        "isStripped": not any(s.name.startswith((".debug", ".symtab")) for s in binary.sections),
    }


def inspect_macho(binary):
    dylibs = [(library.command.name, library.name) for library in binary.libraries]
    exports = [symbol.name for symbol in binary.exported_symbols]
    return {
        "format": "Mach-O",
        "cpu": binary.header.cpu_type.name,
        "name": next((name for command, name in dylibs if command == "ID_DYLIB"), None),
        "libraries": [name for command, name in dylibs if command != "ID_DYLIB"],
        "searchPaths": [path.path for path in binary.rpaths],
        "minimumVersion": ".".join(map(str, binary.build_version.minos)),
        "isSigned": binary.has_code_signature,
        "exports": [name[1:] for name in exports if name not in MACHO_LINKER_SYMBOLS],
        "isStripped": not any(segment.name == "__DWARF" for segment in binary.segments),
    }


def inspect_pe(binary):
    header = binary.optional_header
    return {
        "format": "PE",
        "cpu": binary.header.machine.name,
        "name": binary.get_export().name,
        "libraries": [library.name for library in binary.imports],
        "searchPaths": [],
        "minimumVersion": f"{header.major_subsystem_version}.{header.minor_subsystem_version}",
        "exports": [entry.name for entry in binary.get_export().entries],
        "isStripped": not any(s.name.startswith(".debug") for s in binary.sections),
    }


def inspect(path):
    binary = lief.parse(path)
    if isinstance(binary, lief.ELF.Binary):
        return inspect_elf(binary)
    if isinstance(binary, lief.PE.Binary):
        return inspect_pe(binary)
    if isinstance(binary, lief.MachO.Binary):
        return inspect_macho(binary)
    return {"format": "unknown"}


print(json.dumps([inspect(path) for path in sys.argv[1:]]))
