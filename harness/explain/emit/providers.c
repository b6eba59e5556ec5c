/* ---- Who provides what. ---- */

static const char *provider_of(const char *name) {
  void *function = dlsym(RTLD_DEFAULT, name);
  Dl_info info;
  return function != NULL && dladdr(function, &info) != 0 ? info.dli_fname : "no library";
}
static int is_own(const char *name) { return strcmp(provider_of(name), provider_of("malloc")) == 0; }
