"""Heads of one's own on a backbone that stays as it is, by the method of Savchenko 2022.

material ─▶ backbone (embeddings, once) ─▶ frames ─▶ fitting ─▶ judge ─▶ export: one ONNX file and its card
"""
