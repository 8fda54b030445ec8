// Run model.tflite on iOS with LiteRT: pod 'TensorFlowLiteSwift'
//
// Add @MODEL@model.tflite and the files beside it to the app's bundle.
@INPUTS@
import Foundation
import TensorFlowLite

final class Predict {
    private let interpreter: Interpreter

    init() throws {
        guard let path = Bundle.main.path(forResource: "model", ofType: "tflite") else {
            throw CocoaError(.fileNoSuchFile)
        }
        interpreter = try Interpreter(modelPath: path)
        try interpreter.allocateTensors()
    }

    // Takes every input's numbers by name, as they lie in memory; returns those of the first output.
    func run(_ inputs: [String: Data]) throws -> [Float] {
        for index in 0..<interpreter.inputTensorCount {
            // The file calls an input "serving_default_NAME:0".
            let name = try interpreter.input(at: index).name
                .replacingOccurrences(of: "serving_default_", with: "")
                .components(separatedBy: ":")[0]
            guard let values = inputs[name] else { throw CocoaError(.keyValueValidation) }
            try interpreter.copy(values, toInputAt: index)
        }
        try interpreter.invoke()
        return try interpreter.output(at: 0).data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}

// Line n of labels.txt, from 0, is what number n of the output stands for.
func labels() throws -> [Substring] {
    let file = Bundle.main.url(forResource: "labels", withExtension: "txt")!
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
}
