"""The network: a DCSCN modified to inpaint planes, its weights, training and inference."""
