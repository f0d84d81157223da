/* The tables that all encoders of the process share. */
#ifndef MP3A_PROCESS_TABLES_H
#define MP3A_PROCESS_TABLES_H

/* Fills them. lame_init() and lame_init_params() do so by themselves, once and
   thread-safely: for tests of what reads the tables. */
void mp3a_init_process_tables(void);

#endif
