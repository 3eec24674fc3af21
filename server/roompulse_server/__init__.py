"""The roompulse service: video in, explainable engagement out."""
