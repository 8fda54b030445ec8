"""Streamlit components: the canvas, the live chart and the drawing board, with what the browser runs."""
