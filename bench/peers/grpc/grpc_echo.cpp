// The RPC echo over gRPC C++, on its asynchronous interface with one completion queue and one thread: the cheapest of
// its interfaces per call; or on its callback interface. Arguments: queue or callback, then addresses.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string_view>

#include "echo.grpc.pb.h"

namespace {

using Service = bench::Bench::AsyncService;

// One call after the other in the same object's place: asked for, answered, gone.
class Call {
 public:
  Call(Service& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue), answer_(&context_) {
    service_.RequestEcho(&context_, &message_, &answer_, &queue_, &queue_, this);
  }
  void go_on(bool fine) {
    if (!fine || answered_) {
      delete this;
      return;
    }
    new Call(service_, queue_);
    answered_ = true;
    answer_.Finish(message_, grpc::Status::OK, this);
  }

 private:
  Service& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  bench::Message message_;
  grpc::ServerAsyncResponseWriter<bench::Message> answer_;
  bool answered_ = false;
};

class CallbackService : public bench::Bench::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const bench::Message* request,
                                 bench::Message* reply) override {
    *reply = *request;
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  grpc::ServerBuilder builder;
  for (int i = 2; i < argc; ++i) builder.AddListeningPort(argv[i], grpc::InsecureServerCredentials());
  if (std::string_view(argv[1]) == "callback") {
    CallbackService service;
    builder.RegisterService(&service);
    builder.BuildAndStart()->Wait();
    return 0;
  }
  Service service;
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  for (int i = 0; i < 128; ++i) new Call(service, *queue);
  void* tag = nullptr;
  for (bool fine = false; queue->Next(&tag, &fine);) static_cast<Call*>(tag)->go_on(fine);
}
