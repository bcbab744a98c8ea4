"""BlazePose on ONNX Runtime: person detection, a crop turned upright, 33 joints in the image and in 3D."""
