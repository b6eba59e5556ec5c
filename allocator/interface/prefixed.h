/* The malloc family under names of its own, for programs that keep their malloc for everything else.
 *
 * Each function is what its namesake is (malloc(3), posix_memalign(3), malloc_usable_size(3), mallopt(3)): sizes and
 * alignments in bytes, NULL and ENOMEM where there is no memory, thread-safe. Blocks of one family must not be freed by
 * the other. The program break is shared with the other malloc: each goes on above what the other has taken.
 */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void* breakproof_malloc(size_t size);
void breakproof_free(void* block);
void* breakproof_calloc(size_t count, size_t size);
void* breakproof_realloc(void* block, size_t size);
void* breakproof_reallocarray(void* block, size_t count, size_t size);
void* breakproof_memalign(size_t alignment, size_t size);
void* breakproof_aligned_alloc(size_t alignment, size_t size);
int breakproof_posix_memalign(void** result, size_t alignment, size_t size);
void* breakproof_valloc(size_t size);
void* breakproof_pvalloc(size_t size);
size_t breakproof_malloc_usable_size(void* block);
int breakproof_mallopt(int parameter, int value);

#ifdef __cplusplus
}  /* extern "C" */
#endif
