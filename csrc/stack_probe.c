/* The one function of the compiler's run-time library that x86-64 Windows needs:
   without it Zig links all of that library, 40 KB in each DLL.

   A function with more than a page of variables calls it first, with their size in
   rax. Windows grows a stack page by page, so each page must be touched in turn,
   from the top. All registers keep their values. */
#if defined(__x86_64__) && defined(_WIN32)
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
    "  ret\n"
    ".section .drectve,\"yni\"\n" /* not to be exported */
    ".ascii \" -exclude-symbols:___chkstk_ms\"\n"
    ".text\n");
#endif
