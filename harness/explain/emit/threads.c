/* ---- Threads: real ones, but one at a time, in a fixed order. ---- */

static pthread_t threads[16];
static int is_running[16];
static volatile int turn, is_over; /* turn: the thread that may go on; 0 is main */
static int next_step = 1;

/* Performs the steps of one thread for as long as they are next; 1 if it ends then. */
static int share(int id) {
  while (next_step <= STEPS && thread_of[next_step] == id) {
    int number = next_step++;
    step(number);
    if (ends_thread[number]) return 1;
  }
  return 0;
}

static void await_turn(int id) {
  while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != id) sched_yield();
}
static void give_turn(int id) { __atomic_store_n(&turn, id, __ATOMIC_RELEASE); }

static void *member(void *argument) {
  int id = (int)(intptr_t)argument, ends = 0;
  while (!ends) {
    await_turn(id);
    if (is_over) ends = 1;
    else ends = share(id);
    if (ends && !is_over) is_running[id] = 2; /* to be joined */
    give_turn(0);
  }
  return NULL;
}

static void run(void) {
  while (next_step <= STEPS) {
    int id = thread_of[next_step];
    if (id == 0) {
      share(0);
      continue;
    }
    current = next_step, doing = "a thread", promise_now = "the thread starts and ends", alarm(10);
    if (is_running[id] == 0) {
      pthread_attr_t attributes;
      pthread_attr_init(&attributes);
      if (id % 2 == 1) pthread_attr_setstacksize(&attributes, SMALL_STACK);
      if (pthread_create(&threads[id], &attributes, member, (void *)(intptr_t)id) != 0) say("no thread\n"), _exit(2);
      pthread_attr_destroy(&attributes);
      is_running[id] = 1;
    }
    give_turn(id);
    await_turn(0);
    if (is_running[id] != 2) continue;
    pthread_join(threads[id], NULL);
    is_running[id] = 0;
    thread_ended(current);
  }
  is_over = 1;
  for (int id = 1; id < 16; ++id) {
    if (is_running[id] == 0) continue;
    doing = "a thread", promise_now = "the thread ends";
    give_turn(id);
    await_turn(0);
    pthread_join(threads[id], NULL);
    is_running[id] = 0;
  }
}
