"""The parts of a face: each is drawn by functions of the canvas and the head."""
