"""Builders: functions from sizes to Keras models, without state."""

from labhelpers.models.variational import conv_decoder, conv_encoder, dense_decoder, dense_encoder

__all__ = ["conv_decoder", "conv_encoder", "dense_decoder", "dense_encoder"]
