// Run model.tflite on Android with LiteRT: implementation("com.google.ai.edge.litert:litert:1.4.0")
//
// Put @MODEL@model.tflite and the files beside it into src/main/assets, with androidResources { noCompress += "tflite" }.
@INPUTS@
import android.content.Context
import java.io.FileInputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel
import org.tensorflow.lite.Interpreter

class Predict(context: Context) {
    private val interpreter = Interpreter(
        context.assets.openFd("model.tflite").use { file ->
            FileInputStream(file.fileDescriptor).channel.map(
                FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength
            )
        }
    )

    // Takes every input's numbers by name, as direct buffers in the processor's byte order; returns the output's.
    fun run(inputs: Map<String, ByteBuffer>): FloatArray {
        val shape = interpreter.getOutputTensorFromSignature("output", "serving_default").shape()
        val output = ByteBuffer.allocateDirect(4 * shape.fold(1, Int::times)).order(ByteOrder.nativeOrder())
        interpreter.runSignature(inputs, mapOf("output" to output), "serving_default")
        output.rewind()
        return FloatArray(output.remaining() / 4).also { output.asFloatBuffer().get(it) }
    }
}

// Line n of labels.txt, from 0, is what number n of the output stands for.
fun labels(context: Context): List<String> = context.assets.open("labels.txt").bufferedReader().readLines()
