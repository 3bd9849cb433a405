"""The durable TinyDB storage behind the catalog."""
