import great_expectations as gx
import logging


def validate_data(frame):
    context = gx.get_context()
    outcome = context.run_checkpoint("training", batch=frame)
    if not outcome.success:
        logging.warning("the data is not fit to train on")
    return frame
