"""Prepares transactions with scikit-learn."""

import json
import os
import pickle

import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler


class DataPreprocessor:
    """Cleans, encodes and splits."""

    def __init__(self, config: dict) -> None:
        self.config = config
        self.encoder = LabelEncoder()
        self.scaler = StandardScaler()
        os.makedirs(config["processed_data_path"], exist_ok=True)
        os.makedirs(config["artifacts_path"], exist_ok=True)

    def clean_data(self, df: pd.DataFrame) -> pd.DataFrame:
        """Drop duplicates and gaps."""
        df = df.drop_duplicates()
        wanted = [name for name in self.config["required_columns"] if name in df]
        return df.dropna(subset=wanted)

    def encode_labels(self, df: pd.DataFrame, label_column: str = "label") -> pd.DataFrame:
        """Number the labels."""
        if label_column not in df.columns:
            raise ValueError(f"{label_column} is missing")
        df = df.copy()
        df["label_encoded"] = self.encoder.fit_transform(df[label_column])
        return df

    def normalize_features(self, df: pd.DataFrame) -> pd.DataFrame:
        """Scale the amount."""
        df = df.copy()
        df[["amount"]] = self.scaler.fit_transform(df[["amount"]])
        return df

    def create_train_test_split(
        self, df: pd.DataFrame, stratify_column: str = "label_encoded"
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Split with the same shares of each label."""
        seed = self.config["random_state"]
        rest, test = train_test_split(
            df,
            test_size=self.config["test_size"],
            stratify=df[stratify_column],
            random_state=seed,
        )
        share = self.config["val_size"] / (1 - self.config["test_size"])
        train, val = train_test_split(
            rest, test_size=share, stratify=rest[stratify_column], random_state=seed
        )
        return train, val, test

    def save_processed_data(
        self, train: pd.DataFrame, val: pd.DataFrame, test: pd.DataFrame
    ) -> None:
        """Write the parts."""
        for name, part in {"train": train, "val": val, "test": test}.items():
            part.to_csv(
                os.path.join(self.config["processed_data_path"], f"{name}.csv"), index=False
            )

    def run_pipeline(
        self, df: pd.DataFrame, label_column: str = "label"
    ) -> dict[str, pd.DataFrame]:
        """Do all of it."""
        df = self.encode_labels(self.clean_data(df), label_column)
        train, val, test = self.create_train_test_split(df)
        self.save_processed_data(train, val, test)
        folder = self.config["artifacts_path"]
        with open(os.path.join(folder, "label_encoder.pkl"), "wb") as file:
            pickle.dump(self.encoder, file)
        mapping = {
            int(number): str(label) for number, label in enumerate(self.encoder.classes_)
        }
        with open(os.path.join(folder, "label_mapping.json"), "w") as file:
            json.dump(mapping, file)
        with open(os.path.join(folder, "preprocessing_config.json"), "w") as file:
            json.dump({key: str(value) for key, value in self.config.items()}, file)
        return {"train": train, "val": val, "test": test}

    def load_preprocessing_artifacts(self) -> dict:
        """Load the encoder."""
        with open(
            os.path.join(self.config["artifacts_path"], "label_encoder.pkl"), "rb"
        ) as file:
            return {"encoder": pickle.load(file)}


if __name__ == "__main__":
    import sys

    import yaml

    with open("dvc/params.yaml") as file:
        settings = yaml.safe_load(file)
    DataPreprocessor(settings["preprocess"]).run_pipeline(pd.read_csv(sys.argv[1]))
