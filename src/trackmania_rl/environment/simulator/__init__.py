"""The batched simulator: cars, road contact, sensors, reward, and the Gymnasium environments over them."""
