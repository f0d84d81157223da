import { testProgram } from "./checks.ts";

testProgram("check_kernels");
