"""Home: the guided path to a project, what is training now, and the projects so far."""

from builder.ui import frame
from builder.ui.sections import home, share

frame.notice()
home.lost_project()
share.shared_link()
home.hero()
task = home.choose_task()
data = home.choose_data(task)
preset = home.choose_preset(task, data)
home.create(data, preset)
home.running()
home.recent_projects()
