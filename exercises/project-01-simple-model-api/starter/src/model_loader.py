"""Loading a pre-trained network, and asking it about images."""

from typing import Any, Dict, List, Optional, Tuple


class ModelLoader:
    """A pre-trained image classifier."""

    def __init__(self, model_name: str = "resnet50", device: str = "cpu") -> None:
        """Remember which network is wanted.

        Args:
            model_name: "resnet50" or "mobilenet_v2".
            device: Where it computes.
        """
        # TODO: Implement: keep both, and set model, transform and class_labels to None
        pass

    def load(self) -> None:
        """Build the network, the transform and the labels.

        Raises:
            ValueError: If the name is not known.
        """
        # TODO: Implement this method
        # Example:
        #     weights = models.ResNet50_Weights.DEFAULT
        #     self.model = models.resnet50(weights=weights).to(self.device)
        #     self.model.eval()
        pass

    def preprocess(self, image: Any) -> Any:
        """Turn an image into the network's input.

        Args:
            image: A Pillow image of any mode.

        Returns:
            A tensor of shape (1, 3, 224, 224).
        """
        # TODO: Implement this method
        pass

    def predict(self, image: Any, top_k: int = 5) -> List[Dict[str, Any]]:
        """Classify an image.

        Args:
            image: A Pillow image.
            top_k: How many classes to name.

        Returns:
            Dictionaries with class, confidence and rank, best first.
        """
        # TODO: Implement this method
        pass

    def get_model_info(self) -> Dict[str, Any]:
        """Describe the network.

        Returns:
            Its name, framework, version and shapes.
        """
        # TODO: Implement this method
        pass

    def validate_image(self, image: Any) -> Tuple[bool, Optional[str]]:
        """Say whether an image can be classified.

        Args:
            image: A Pillow image, or None.

        Returns:
            Whether it can, and the reason if it cannot.
        """
        # TODO: Implement this method
        pass

    def _load_labels(self) -> Dict[int, str]:
        """Fetch the labels of the 1000 classes.

        Returns:
            The label of each index.
        """
        # TODO: Implement this method
        pass


def load_model_from_path(path: str) -> Any:
    """Load a network from a file.

    Args:
        path: The file.

    Returns:
        The network.
    """
    # TODO: Implement this function (optional)
    pass


def download_file(url: str, destination: str) -> None:
    """Fetch a file.

    Args:
        url: Where it is.
        destination: Where it goes.
    """
    # TODO: Implement this function (optional)
    pass
