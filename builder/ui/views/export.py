"""Export: the trained model in every format, each verified against the original."""

from builder.ui import frame
from builder.ui.sections import export, results, serving, truth

project = frame.current_project()
frame.project_heading(
    project, "Export", "Every file is loaded again and compared with your model before you get it."
)
run = results.choose_run()
if run is not None:
    export.choose_and_start(run)
    report = export.report(run)
    if report is None:
        export.formats(run)
    else:
        export.verification(report)
        truth.truth(run)
        export.files(run)
    serving.servers(run)
    export.script(run)
