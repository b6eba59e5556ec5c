/* ---- C++'s operators, by their mangled names. What the library does not have is what libstdc++'s would call. ---- */

#define IF_ANY __attribute__((weak))
#define OPERATORS_NEW(name)                                             \
  extern void *name(size_t) IF_ANY;                                     \
  extern void *name##RKSt9nothrow_t(size_t, const void *) IF_ANY;       \
  extern void *name##St11align_val_t(size_t, size_t) IF_ANY;            \
  extern void *name##St11align_val_tRKSt9nothrow_t(size_t, size_t, const void *) IF_ANY
#define OPERATORS_DELETE(name)                                          \
  extern void name(void *) IF_ANY;                                      \
  extern void name##m(void *, size_t) IF_ANY;                           \
  extern void name##RKSt9nothrow_t(void *, const void *) IF_ANY;        \
  extern void name##St11align_val_t(void *, size_t) IF_ANY;             \
  extern void name##mSt11align_val_t(void *, size_t, size_t) IF_ANY;    \
  extern void name##St11align_val_tRKSt9nothrow_t(void *, size_t, const void *) IF_ANY
OPERATORS_NEW(_Znwm);
OPERATORS_NEW(_Znam);
OPERATORS_DELETE(_ZdlPv);
OPERATORS_DELETE(_ZdaPv);

#define IF_HAS(name, arguments) if (name != NULL) return name arguments
static const char nothrow_tag;

static void *new_plain(int is_array, int is_nothrow, size_t size) {
  if (_Znwm == NULL || _ZdlPv == NULL) return malloc(size == 0 ? 1 : size);
  if (is_array && is_nothrow) IF_HAS(_ZnamRKSt9nothrow_t, (size, &nothrow_tag));
  if (is_nothrow) IF_HAS(_ZnwmRKSt9nothrow_t, (size, &nothrow_tag));
  if (is_array) IF_HAS(_Znam, (size));
  return _Znwm(size);
}
static void *new_aligned(int is_array, int is_nothrow, size_t alignment, size_t size) {
  if (_ZnwmSt11align_val_t == NULL || _ZdlPvSt11align_val_t == NULL) {
    size_t least = alignment < sizeof(void *) ? sizeof(void *) : alignment, bytes = size == 0 ? 1 : size;
    return bytes + least - 1 < bytes ? NULL : aligned_alloc(least, (bytes + least - 1) & -least);
  }
  if (is_array && is_nothrow) IF_HAS(_ZnamSt11align_val_tRKSt9nothrow_t, (size, alignment, &nothrow_tag));
  if (is_nothrow) IF_HAS(_ZnwmSt11align_val_tRKSt9nothrow_t, (size, alignment, &nothrow_tag));
  if (is_array) IF_HAS(_ZnamSt11align_val_t, (size, alignment));
  return _ZnwmSt11align_val_t(size, alignment);
}

/* How a block came to be, and how it ends. */
enum { BY_NEW = 1, ARRAY = 2, NOTHROW = 4, ALIGNED = 8 };
enum { PLAINLY, WITH_SIZE, WITH_TAG };

static __attribute__((unused)) void *cxx_new(int form, size_t alignment, size_t size) {
  int is_array = (form & ARRAY) != 0, is_nothrow = (form & NOTHROW) != 0;
  return form & ALIGNED ? new_aligned(is_array, is_nothrow, alignment, size) : new_plain(is_array, is_nothrow, size);
}

static void delete_plain(int how, int is_array, void *block, size_t size) {
  if (_Znwm == NULL || _ZdlPv == NULL) return free(block);
  if (is_array && how == WITH_SIZE) IF_HAS(_ZdaPvm, (block, size));
  if (how == WITH_SIZE) IF_HAS(_ZdlPvm, (block, size));
  if (is_array && how == WITH_TAG) IF_HAS(_ZdaPvRKSt9nothrow_t, (block, &nothrow_tag));
  if (how == WITH_TAG) IF_HAS(_ZdlPvRKSt9nothrow_t, (block, &nothrow_tag));
  if (is_array) IF_HAS(_ZdaPv, (block));
  _ZdlPv(block);
}
static void delete_aligned(int how, int is_array, void *block, size_t size, size_t alignment) {
  if (_ZnwmSt11align_val_t == NULL || _ZdlPvSt11align_val_t == NULL) return free(block);
  if (is_array && how == WITH_SIZE) IF_HAS(_ZdaPvmSt11align_val_t, (block, size, alignment));
  if (how == WITH_SIZE) IF_HAS(_ZdlPvmSt11align_val_t, (block, size, alignment));
  if (is_array && how == WITH_TAG) IF_HAS(_ZdaPvSt11align_val_tRKSt9nothrow_t, (block, alignment, &nothrow_tag));
  if (how == WITH_TAG) IF_HAS(_ZdlPvSt11align_val_tRKSt9nothrow_t, (block, alignment, &nothrow_tag));
  if (is_array) IF_HAS(_ZdaPvSt11align_val_t, (block, alignment));
  _ZdlPvSt11align_val_t(block, alignment);
}
static __attribute__((unused)) void cxx_delete(int how, int form, void *block, size_t size, size_t alignment) {
  if (form & ALIGNED) delete_aligned(how, (form & ARRAY) != 0, block, size, alignment);
  else delete_plain(how, (form & ARRAY) != 0, block, size);
}
#define HAS_OPERATORS 1

