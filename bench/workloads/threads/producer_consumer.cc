// Two threads only allocate, two others only free: every block is freed by a thread that did not make it. After
// Lever and Boreham's xmalloc.
#include <pthread.h>

#include "bench/workloads/support/block.h"
#include "bench/workloads/support/random.h"
#include "bench/workloads/support/threads.h"

namespace breakproof::bench {

namespace {

constexpr int kProducers = 2;
constexpr int kConsumers = 2;
constexpr int kBatchBlocks = 400;
constexpr int kQueueBatches = 16;

struct Batch {
  Sized blocks[kBatchBlocks];
};

// Bounded, so that what is in flight has a limit whatever the scheduler does.
class Queue {
 public:
  void Push(Batch* batch) {
    pthread_mutex_lock(&mutex_);
    while (count_ == kQueueBatches) pthread_cond_wait(&has_room_, &mutex_);
    batches_[count_++] = batch;
    pthread_cond_signal(&has_batch_);
    pthread_mutex_unlock(&mutex_);
  }

  Batch* Pop() {
    pthread_mutex_lock(&mutex_);
    while (count_ == 0) pthread_cond_wait(&has_batch_, &mutex_);
    Batch* const batch = batches_[--count_];
    pthread_cond_signal(&has_room_);
    pthread_mutex_unlock(&mutex_);
    return batch;
  }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t has_room_ = PTHREAD_COND_INITIALIZER;
  pthread_cond_t has_batch_ = PTHREAD_COND_INITIALIZER;
  Batch* batches_[kQueueBatches];
  int count_ = 0;
};

void Produce(Queue* queue, std::uint64_t batches, Random random) {
  for (std::uint64_t i = 0; i < batches; ++i) {
    Batch* const batch = static_cast<Batch*>(NotNull(std::malloc(sizeof(Batch))));
    for (Sized& sized : batch->blocks) sized.Allocate(random.Octaves(16, 4), random.Next());
    queue->Push(batch);
  }
}

std::uint64_t Consume(Queue* queue, std::uint64_t batches) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < batches; ++i) {
    Batch* const batch = queue->Pop();
    for (Sized& sized : batch->blocks) sum += sized.Release();
    std::free(batch);
  }
  return sum;
}

}  // namespace

std::uint64_t RunWorkload(const Parameters& parameters) {
  static_assert(kProducers == kConsumers, "each consumer takes as many batches as a producer makes");
  Queue queue;
  return SumOverThreads(kProducers + kConsumers, [&](int thread) -> std::uint64_t {
    if (thread >= kProducers) return Consume(&queue, parameters.iterations);
    Produce(&queue, parameters.iterations, Random(parameters.seed + static_cast<unsigned>(thread)));
    return 0;
  });
}

}  // namespace breakproof::bench
