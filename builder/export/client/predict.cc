// Run model.tflite in C++ with LiteRT (https://github.com/google-ai-edge/LiteRT, Apache License 2.0).
//
// Build:  g++ -std=c++17 predict.cc -I LITERT_SOURCE -L FOLDER_OF_LIBLITERT -lLiteRt -o predict
//         (CMake makes the header litert/build_common/build_config.h in LITERT_SOURCE; libLiteRt.so also lies
//         in the Python package ai-edge-litert)
// Use:    ./predict @MODEL@model.tflite arrays
//
// The folder "arrays" holds one file an input, NAME.bin: the numbers of one sample as they lie in memory.
@INPUTS@
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "litert/c/litert_common.h"
#include "litert/c/litert_compiled_model.h"
#include "litert/c/litert_environment.h"
#include "litert/c/litert_model.h"
#include "litert/c/litert_options.h"
#include "litert/c/litert_tensor_buffer.h"

namespace {

void Check(LiteRtStatus status, const char* what) {
  if (status == kLiteRtStatusOk) return;
  std::fprintf(stderr, "%s failed: status %d\n", what, static_cast<int>(status));
  std::exit(1);
}

std::vector<char> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "There is no file %s\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "Use: %s model.tflite arrays\n", argv[0]);
    return 2;
  }
  LiteRtEnvironment environment;
  LiteRtModel model;
  LiteRtOptions options;
  LiteRtCompiledModel compiled;
  LiteRtSignature signature;
  Check(LiteRtCreateEnvironment(0, nullptr, &environment), "The environment");
  Check(LiteRtCreateModelFromFile(environment, argv[1], &model), "Reading the model");
  Check(LiteRtCreateOptions(&options), "The options");
  Check(LiteRtSetOptionsHardwareAccelerators(options, kLiteRtHwAcceleratorCpu), "Choosing the processor");
  Check(LiteRtCreateCompiledModel(environment, model, options, &compiled), "Compiling the model");
  Check(LiteRtGetModelSignature(model, 0, &signature), "The signature");

  LiteRtParamIndex input_count, output_count;
  Check(LiteRtGetNumSignatureInputs(signature, &input_count), "The inputs");
  Check(LiteRtGetNumSignatureOutputs(signature, &output_count), "The outputs");
  std::vector<LiteRtTensorBuffer> inputs(input_count), outputs(output_count);
  for (LiteRtParamIndex i = 0; i < input_count; ++i) {
    const char* name;
    LiteRtTensor tensor;
    LiteRtRankedTensorType type;
    LiteRtTensorBufferRequirements needs;
    Check(LiteRtGetSignatureInputName(signature, i, &name), "An input's name");
    Check(LiteRtGetSignatureInputTensorByIndex(signature, i, &tensor), "An input");
    Check(LiteRtGetRankedTensorType(tensor, &type), "An input's type");
    Check(LiteRtGetCompiledModelInputBufferRequirements(compiled, 0, i, &needs), "An input's needs");
    Check(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &inputs[i]), "A buffer");

    const std::vector<char> values = ReadFile(std::string(argv[2]) + "/" + name + ".bin");
    size_t bytes;
    void* memory;
    Check(LiteRtGetTensorBufferPackedSize(inputs[i], &bytes), "An input's size");
    if (values.size() != bytes) {
      std::fprintf(stderr, "%s.bin has %zu bytes, not %zu\n", name, values.size(), bytes);
      return 1;
    }
    Check(LiteRtLockTensorBuffer(inputs[i], &memory, kLiteRtTensorBufferLockModeWrite), "Writing");
    std::memcpy(memory, values.data(), bytes);
    Check(LiteRtUnlockTensorBuffer(inputs[i]), "Writing");
  }
  for (LiteRtParamIndex i = 0; i < output_count; ++i) {
    LiteRtTensor tensor;
    LiteRtRankedTensorType type;
    LiteRtTensorBufferRequirements needs;
    Check(LiteRtGetSignatureOutputTensorByIndex(signature, i, &tensor), "An output");
    Check(LiteRtGetRankedTensorType(tensor, &type), "An output's type");
    Check(LiteRtGetCompiledModelOutputBufferRequirements(compiled, 0, i, &needs), "An output's needs");
    Check(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &outputs[i]), "A buffer");
  }

  Check(LiteRtRunCompiledModel(compiled, 0, inputs.size(), inputs.data(), outputs.size(), outputs.data()),
        "Running the model");

  // Line n of labels.txt, from 0, is what number n of the output stands for.
  for (LiteRtParamIndex i = 0; i < output_count; ++i) {
    const char* name;
    size_t bytes;
    void* memory;
    Check(LiteRtGetSignatureOutputName(signature, i, &name), "An output's name");
    Check(LiteRtGetTensorBufferPackedSize(outputs[i], &bytes), "An output's size");
    Check(LiteRtLockTensorBuffer(outputs[i], &memory, kLiteRtTensorBufferLockModeRead), "Reading");
    std::printf("%s:", name);
    for (size_t n = 0; n < bytes / sizeof(float); ++n) std::printf(" %g", static_cast<float*>(memory)[n]);
    std::printf("\n");
    Check(LiteRtUnlockTensorBuffer(outputs[i]), "Reading");
  }
  for (LiteRtTensorBuffer buffer : inputs) LiteRtDestroyTensorBuffer(buffer);
  for (LiteRtTensorBuffer buffer : outputs) LiteRtDestroyTensorBuffer(buffer);
  LiteRtDestroyCompiledModel(compiled);
  LiteRtDestroyOptions(options);
  LiteRtDestroyModel(model);
  LiteRtDestroyEnvironment(environment);
  return 0;
}
