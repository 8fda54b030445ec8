"""The Streamlit application object: ``streamlit run app.py``."""

import streamlit as st

from builder.ui.routes import ROUTES
from builder.ui.services import lifespan, report_script_error

app = st.App("builder/ui/main.py", routes=ROUTES, lifespan=lifespan, on_script_error=report_script_error)
