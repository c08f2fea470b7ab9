import argparse, mlflow

p = argparse.ArgumentParser()
p.add_argument("--model-name")
p.add_argument("--num-epochs")
p.add_argument("--batch-size")
p.add_argument("--learning-rate")
args = p.parse_args()
with mlflow.start_run():
    mlflow.log_params(vars(args))
    train_loss, val_accuracy, test_f1 = 1, 2, 3
    mlflow.log_metrics(
        {"train_loss": train_loss, "val_accuracy": val_accuracy, "test_f1": test_f1}
    )
