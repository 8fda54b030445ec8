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
    {
        "": [
            st.Page(frame.HOME, title="Home", icon=":material/home:", default=True),
            st.Page(frame.DATA, title="Data", icon=":material/database:"),
            st.Page(frame.MODEL, title="Model", icon=":material/account_tree:"),
            st.Page(frame.TRAIN, title="Train", icon=":material/model_training:"),
            st.Page(frame.RESULTS, title="Results", icon=":material/insights:"),
            st.Page(frame.UNDERSTAND, title="Understand", icon=":material/psychology:"),
            st.Page(frame.SHRINK, title="Shrink", icon=":material/compress:"),
            st.Page(frame.EXPORT, title="Export", icon=":material/package_2:"),
        ],
        "More": [
            st.Page(frame.RUNS, title="Runs", icon=":material/list_alt:"),
            st.Page(frame.FRONTIER, title="Frontier", icon=":material/scatter_plot:"),
            st.Page(frame.HISTORY, title="History", icon=":material/history:"),
            st.Page(frame.COMPARE, title="Compare", icon=":material/compare_arrows:"),
            st.Page(frame.LIBRARY, title="Library", icon=":material/widgets:"),
        ],
    },
    position="top",
)
frame.arrive_at(page.url_path)
page.run()
# Only now: the page has kept what came along with the click, such as the last edit on the canvas.
frame.follow_wish()
