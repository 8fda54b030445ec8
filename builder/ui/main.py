"""The entry script of every browser session: navigation and the frame around the pages.

The page scripts lie in ``views``: beside a folder named ``pages``, Streamlit would take this script for
a multipage app of the older kind, and show pages without this frame.
"""

import streamlit as st

from builder.ui import frame

st.set_page_config(page_title="Kerablocks", page_icon=frame.ICON, layout="wide")
st.logo(frame.LOGO, size="large")
frame.apply_style()
page = st.navigation(
    [
        st.Page(frame.HOME, title="Home", icon=":material/home:", default=True),
        st.Page(frame.DATA, title="Data", icon=":material/database:"),
        st.Page(frame.MODEL, title="Model", icon=":material/account_tree:"),
        st.Page(frame.TRAIN, title="Train", icon=":material/model_training:"),
        st.Page(frame.RESULTS, title="Results", icon=":material/insights:"),
        st.Page(frame.EXPORT, title="Export", icon=":material/package_2:"),
    ],
    position="top",
)
page.run()
