/* For the linker of the Windows libraries, of which each has a copy. */

/* A DLL without dllexport exports all that isn't hidden. Zig's start-up code isn't. */
__asm__(
    ".section .drectve,\"yni\"\n"
    ".ascii \" -exclude-symbols:_CRT_INIT,__mingw_module_is_dll,atexit,___chkstk_ms\"\n"
    ".text\n");

/* The one function of the compiler's run-time library that x86-64 needs: without it
   Zig links all of that library, more than 50 KB in each DLL.

   A function with more than a page of variables calls it first, with their size in
   rax. Windows grows a stack page by page, so each page must be touched in turn,
   from the top. All registers keep their values. */
#if defined(__x86_64__)
__asm__(
    ".globl ___chkstk_ms\n"
    "___chkstk_ms:\n"
    "  pushq %rax\n"
    "  pushq %rcx\n"
    "  leaq 24(%rsp), %rcx\n" /* the caller's stack pointer */
    "0:\n"
    "  cmpq $4096, %rax\n"
    "  jbe 1f\n"
    "  subq $4096, %rcx\n"
    "  testb $0, (%rcx)\n"
    "  subq $4096, %rax\n"
    "  jmp 0b\n"
    "1:\n"
    "  subq %rax, %rcx\n"
    "  testb $0, (%rcx)\n"
    "  popq %rcx\n"
    "  popq %rax\n"
    "  ret\n");
#endif
