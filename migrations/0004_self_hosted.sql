-- Which server software answers at a provider's address, for providers that the operator runs: vllm, llamacpp, ollama,
-- lmstudio, tgi, or openai for any other OpenAI-shaped server. NULL is somebody else's provider.
ALTER TABLE providers ADD COLUMN engine TEXT;
